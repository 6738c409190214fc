import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fingerprint, keyType, trustedKeys } from './host-keys.ts'

const first = 'AAAAC3NzaC1lZDI1NTE5AAAAIDqyd7VFCkQEJL1JNuI6mn/8VDFV050D0GDXT0XGLj/D'
const second = 'AAAAC3NzaC1lZDI1NTE5AAAAIH01e2w2cP4Eu/5WCKOBqQF+KKVp+U1s2yFkR1ACOawB'
const rsa =
  'AAAAB3NzaC1yc2EAAAADAQABAAAAgQDaTx84GD38fWDyRFo9alCqteHVMGIHcCNr/ykNt/8wQNYFdzfa3E9bwCkdtRMrs9sZdtQ605mn+W1j19eXfPUS7EjPXgwpWAWvxQ/+cJvbxjmKGx774LeVdaSWskOYXSQgOo64kQwpBtZ5f6fdwYzxwgjzgOSEBiDzYjEL+MUkGw=='
const firstPrint = 'SHA256:W6DOBCACJn16UyI5WPy3h5HH1iZSbp7VTuXXioi0XOM'
const secondPrint = 'SHA256:NdNtWQquZKTvRJYuyj3Gc8TFdZGOVYp1NhSmcdcW1yo'
const blob = (base64: string) => Buffer.from(base64, 'base64')

/** What `ssh-keygen -H` made of the two keys, of files.example.test and of its port 2222. */
const hashed = `|1|rCtklsAAiVpR8jTyiPuOswwT72M=|XailfQLhBW1cN9uG9H6pwzSjfQI= ssh-ed25519 ${first}
|1|mEH+ya3IDjRLHI4PdI2grtTa4+Q=|u3YZjXxxFEbCr+jlhn2OtWctzrQ= ssh-ed25519 ${second}
`

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-known-hosts-'))
  file = join(folder, 'known_hosts')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('a fingerprint is that of ssh-keygen', () => {
  expect(fingerprint(blob(first))).toBe(firstPrint)
  expect([keyType(blob(first)), keyType(blob(rsa)), keyType(Buffer.alloc(2))]).toEqual(['ssh-ed25519', 'ssh-rsa', ''])
})

describe('hostKey', () => {
  test.each([firstPrint, `${firstPrint}=`, `ssh-ed25519 ${first}`, ` ssh-ed25519 ${first} of the partner\n`])(
    'accepts one key and no other: %s',
    async (hostKey) => {
      const keys = await trustedKeys({ hostKey }, 'h', 22)
      expect(keys.refusal(blob(first), 'h')).toBeUndefined()
      expect(keys.refusal(blob(second), 'h:22')).toBe(
        `h:22 shows the key ssh-ed25519 ${secondPrint}, but ${firstPrint} is expected`,
      )
    },
  )

  test('of a given type asks the host for that type', async () => {
    expect((await trustedKeys({ hostKey: `ssh-rsa ${rsa}` }, 'h', 22)).types).toEqual(['ssh-rsa'])
    expect((await trustedKeys({ hostKey: firstPrint }, 'h', 22)).types).toBeUndefined()
  })

  test.each(['MD5:00:11', first, `ssh-rsa ${first}`, 'ssh-ed25519', ''])('that is none is refused: %s', async (hostKey) => {
    await expect(trustedKeys({ hostKey }, 'h', 22)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('is needed, or knownHosts, and not both', async () => {
    await expect(trustedKeys({}, 'h', 22)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'The trusted host keys of sftp: neither hostKey nor knownHosts is given for h, so anybody could stand in for it.',
    })
    await expect(trustedKeys({ hostKey: firstPrint, knownHosts: file }, 'h', 22)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})

describe('knownHosts', () => {
  const known = async (text: string, host: string, port = 22) => {
    await writeFile(file, text)
    return trustedKeys({ knownHosts: file }, host, port)
  }

  test.each([
    ['by name', `files.example.test,10.0.0.1 ssh-ed25519 ${first} comment\n`, 'files.example.test', 22],
    ['in capitals', `files.example.test ssh-ed25519 ${first}\n`, 'Files.Example.Test', 22],
    ['by pattern', `# hosts\n\n*.example.test ssh-ed25519 ${first}`, 'files.example.test', 22],
    ['by one character', `file?.example.test ssh-ed25519 ${first}`, 'files.example.test', 22],
    ['at another port', `[files.example.test]:2222 ssh-ed25519 ${first}\n`, 'files.example.test', 2222],
    ['hashed', hashed, 'files.example.test', 22],
  ])('finds a host %s', async (_name, text, host, port) => {
    const keys = await known(text, host, port)
    expect(keys.types).toEqual(['ssh-ed25519'])
    expect(keys.refusal(blob(first), host)).toBeUndefined()
    expect(keys.refusal(blob(second), host)).toContain(`${firstPrint} is expected`)
  })

  test('a hashed line of another port is another host', async () => {
    expect((await known(hashed, 'files.example.test', 2222)).refusal(blob(second), 'h')).toBeUndefined()
    expect((await known(hashed, 'files.example.test', 2222)).refusal(blob(first), 'h')).toContain(`${secondPrint} is expected`)
  })

  test.each([
    ['no line', ''],
    ['the line of another host', `other.example.test ssh-ed25519 ${first}\n`],
    ['the line of another port', `[files.example.test]:2222 ssh-ed25519 ${first}\n`],
    ['a name with a dot that is none', `filesXexample.test ssh-ed25519 ${first}\n`],
    ['an exclusion', `*.example.test,!files.example.test ssh-ed25519 ${first}\n`],
    ['an authority, which is not supported', `@cert-authority *.example.test ssh-ed25519 ${first}\n`],
    ['a damaged key', 'files.example.test ssh-ed25519 AAAA\n'],
  ])('does not know a host by %s', async (_name, text) => {
    const keys = await known(text, 'files.example.test')
    expect(keys.types).toBeUndefined()
    expect(keys.refusal(blob(first), 'files.example.test:22')).toBe(
      `files.example.test:22 is not in ${file}; it shows the key ssh-ed25519 ${firstPrint}`,
    )
  })

  test('several keys of a host are all good, a revoked one is not', async () => {
    const lines = [`h ssh-ed25519 ${first}`, `h ssh-rsa ${rsa}`, `h ssh-ed25519 ${second}`, `@revoked h ssh-ed25519 ${second}`]
    const keys = await known(lines.join('\n'), 'h')
    expect(keys.types).toEqual(['ssh-ed25519', 'ssh-rsa'])
    expect([blob(first), blob(rsa)].map((key) => keys.refusal(key, 'h'))).toEqual([undefined, undefined])
    expect(keys.refusal(blob(second), 'h:22')).toBe(`h:22 shows the key ssh-ed25519 ${secondPrint}, which ${file} calls revoked`)
  })

  test('a file that is not there is refused', async () => {
    await expect(trustedKeys({ knownHosts: join(folder, 'none') }, 'h', 22)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
