import { execFileSync, spawn } from 'node:child_process'
import { appendFile, chmod, mkdtemp, readdir, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import { openSftp, type SftpOptions } from '../../src/sources/sftp.ts'
import { type FaultKind, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { sourceCases } from '../../src/testing/source-cases.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { csvFiles, csvText, everyBatch, first, put, readAll } from '../fixtures/file-readings.ts'
import { type Proftpd, startProftpd } from '../fixtures/proftpd.ts'
import { freePorts, listenSilently } from '../fixtures/servers.ts'
import { passphrase, type Sshd, startSshd } from '../fixtures/sshd.ts'
import { readTexts, textColumns } from '../read-texts.ts'

const host = '127.0.0.1'
const large = `v\n${'0123456789\n'.repeat(2_000_000)}`
const opened: Source[] = []

async function open(options: SftpOptions): Promise<Source> {
  const source = await openSftp(options)
  opened.push(source)
  return source
}

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close()
})

describeWith(['sshd', 'proftpd'], 'sftp', () => {
  let sshd: Sshd
  let proftpd: Proftpd

  beforeAll(async () => {
    sshd = await startSshd()
    proftpd = await startProftpd()
  })

  afterAll(async () => {
    await sshd.stop()
    await proftpd.stop()
  })

  afterEach(async () => {
    for (const folder of [sshd.folder, proftpd.folder]) {
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
    }
  })

  /** Neither a login nor a trusted key. */
  const atSshd = () => ({ host, port: sshd.port, user: sshd.user, folder: sshd.folder })
  const bySshd = (more: Partial<SftpOptions> = {}): SftpOptions => {
    return { ...atSshd(), key: sshd.userKey, hostKey: sshd.hostKey, ...more }
  }
  const byProftpd = (more: Partial<SftpOptions> = {}): SftpOptions => {
    const { sftpPort: port, user, password, hostKey } = proftpd
    return { host, port, user, password, hostKey, ...more }
  }

  describe.each([
    ['sshd', () => open(bySshd()), () => sshd.folder],
    ['proftpd', () => open(byProftpd()), () => proftpd.folder],
  ] as const)('the contract of a source: %s', (_server, openSource, folderOf) => {
    const cases = sourceCases({
      async prepare(sample) {
        await put(folderOf(), 'sample.csv', csvText(sample))
        const columns = textColumns(...sample.columns.map(({ name }) => name))
        const resource = { ...csvFiles('sample.*', { select: 'newest', allowEmpty: true }), columns }
        return { source: await openSource(), resource, close: async () => {} }
      },
      missing: { locator: 'simple.*', code: 'FILE_NOT_FOUND' },
      nullDiffersFromEmpty: true,
      hasCatalogue: true,
    })
    test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
      contractCase.run(),
    )
  })

  describe('login', () => {
    test('by password', async () => {
      await put(proftpd.folder, 'a.csv', 'v\n1\n')
      expect((await readAll(await open(byProftpd()), csvFiles('a.csv'))).rows).toEqual([['1']])
    })

    test('by a key under a passphrase', async () => {
      await (await open(bySshd({ key: sshd.lockedKey, passphrase }))).check()
    })

    test('by an agent', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-agent-'))
      const agent = join(folder, 'socket')
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'ssh-agent', '-D', '-a', agent], { stdio: 'ignore' })
      try {
        const add = () =>
          execFileSync('ssh-add', ['-q', join(sshd.keys, 'user')], { env: { SSH_AUTH_SOCK: agent }, stdio: 'pipe' })
        await vi.waitFor(add, { timeout: 5000 })
        await (await open({ ...atSshd(), agent, hostKey: sshd.hostKey })).check()
        execFileSync('ssh-add', ['-q', '-D'], { env: { SSH_AUTH_SOCK: agent }, stdio: 'pipe' })
        await expect((await open({ ...atSshd(), agent, hostKey: sshd.hostKey })).check()).rejects.toMatchObject({
          code: 'SOURCE_DENIED',
          message: `The SFTP server ${host}:${sshd.port} refused the login of ${sshd.user} by agent.`,
        })
      } finally {
        child.kill('SIGKILL')
        await rm(folder, { recursive: true })
      }
    })

    test.each([
      ['a wrong password', () => byProftpd({ password: 'wrong' }), 'etl by password', 'password'],
      ['another user', () => byProftpd({ user: 'nobody-knows' }), 'nobody-knows by password', 'user'],
      [
        'a key that the server does not know',
        () => bySshd({ key: sshd.strangerKey }),
        `${userInfo().username} by key`,
        'public key',
      ],
    ])('%s is refused', async (_name, options, who, hint) => {
      await expect((await open(options())).check()).rejects.toMatchObject({
        code: 'SOURCE_DENIED',
        exitCode: 78,
        retryable: false,
        message: `The SFTP server ${host}:${options().port} refused the login of ${who}.`,
        hint: expect.stringContaining(hint),
      })
    })

    test.each([
      ['a key without its passphrase', () => bySshd({ key: sshd.lockedKey })],
      ['a key with a wrong passphrase', () => bySshd({ key: sshd.lockedKey, passphrase: 'wrong' })],
      ['a text that is no key', () => bySshd({ key: 'AAAA' })],
    ])('%s cannot be used', async (_name, options) => {
      await expect((await open(options())).check()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('The private key for sftp cannot be used'),
      })
    })

    test('needs one of password, key and agent', async () => {
      await expect(openSftp(bySshd({ password: 'also' }))).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `The login at ${host} has password and key.`,
      })
      await expect(openSftp({ ...atSshd(), hostKey: sshd.hostKey })).rejects.toMatchObject({
        message: `The login at ${host} has none.`,
      })
    })
  })

  describe('the host', () => {
    test('is trusted by fingerprint, key or known_hosts', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-hosts-'))
      const knownHosts = join(folder, 'known_hosts')
      await writeFile(knownHosts, `[${host}]:${sshd.port} ${sshd.hostKey}\n`)
      await (await open(bySshd({ hostKey: sshd.fingerprint }))).check()
      await (await open(bySshd({ hostKey: sshd.hostKey }))).check()
      await (await open({ ...atSshd(), key: sshd.userKey, knownHosts })).check()
      const token = 'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t'
      await writeFile(knownHosts, `[${host}]:${sshd.port} ${token}\n[${host}]:${sshd.port} ${sshd.hostKey}\n`)
      await (await open({ ...atSshd(), key: sshd.userKey, knownHosts })).check()
      await writeFile(knownHosts, `other.example.test ${sshd.hostKey}\n`)
      await expect((await open({ ...atSshd(), key: sshd.userKey, knownHosts })).check()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message:
          `The SFTP server ${host}:${sshd.port} is not in ${knownHosts}; it shows the key ssh-ed25519 ${sshd.fingerprint}; ` +
          'no login was tried.',
      })
      await rm(folder, { recursive: true })
    })

    test('that shows another key is refused before the login', async () => {
      const password = 'never-to-be-seen'
      const source = await open(byProftpd({ hostKey: sshd.hostKey, password }))
      await expect(source.check()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        retryable: false,
        message:
          `The SFTP server ${host}:${proftpd.sftpPort} shows the key ssh-ed25519 ${proftpd.fingerprint}, ` +
          `but ${sshd.fingerprint} is expected; no login was tried.`,
      })
    })

    test('must be named by its key', async () => {
      await expect(openSftp({ ...atSshd(), key: sshd.userKey })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    })

    test('that nobody knows', async () => {
      await expect((await open(bySshd({ host: 'no-such-host.invalid' }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: 'The host no-such-host.invalid is not known here.',
      })
    })

    test('where nothing listens', async () => {
      const [port = 0] = await freePorts(1)
      await expect((await open(bySshd({ port }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: `The SFTP server ${host}:${port} could not be reached: nothing listens there.`,
      })
    })

    test('that is silent, or no SSH server, is given up', async () => {
      const silent = await listenSilently()
      await expect((await open(bySshd({ port: silent.port, connectTimeoutMs: 300 }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
      })
      await silent.close()
      const web = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      await new Promise<void>((resolve) => web.listen(0, host, resolve))
      const address = web.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      await expect((await open(bySshd({ port }))).check()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
      await new Promise((resolve) => web.close(resolve))
    })
  })

  describe('the folder', () => {
    test('with names of all kinds, files below it, and links', async () => {
      const names = ['a b#1.csv', '100%.csv', 'line\nbreak.csv', 'naïve 😀.csv', '-rf.csv', "it's.csv", ' lead.csv']
      for (const name of names) await put(sshd.folder, name, `v\n"${name}"\n`)
      await put(sshd.folder, 'below/c.csv', 'v\nbelow\n')
      await symlink('-rf.csv', join(sshd.folder, 'again.csv'))
      await symlink('below/c.csv', join(sshd.folder, 'linked.csv'))
      const source = await open(bySshd())
      const flat = await readAll(source, csvFiles('*.csv'))
      expect(flat.ids.toSorted()).toEqual([...names, 'linked.csv'].toSorted())
      expect(flat.rows.flat().toSorted()).toEqual([...names, 'below'].toSorted())
      expect((await readAll(source, csvFiles('**/*.csv'))).ids.toSorted()).toEqual([...names, 'below/c.csv'].toSorted())
    })

    test('with a link that leaves it is refused', async () => {
      await put(sshd.folder, 'a.csv', 'v\n')
      await symlink(sshd.keys, join(sshd.folder, 'keys.csv'))
      await symlink(join(sshd.keys, 'user'), join(sshd.folder, 'key.csv'))
      await expect(readAll(await open(bySshd()), csvFiles('key.csv'))).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: `key.csv in sftp://${host}:${sshd.port}${sshd.folder} is a link that leaves the folder, to ${sshd.keys}/user.`,
      })
      expect((await readAll(await open(bySshd()), csvFiles('a.csv'))).ids).toEqual(['a.csv'])
    })

    test('that is not there', async () => {
      const source = await open(byProftpd({ folder: 'missing' }))
      const expected = {
        code: 'FILE_NOT_FOUND',
        message: `The folder sftp://${host}:${proftpd.sftpPort}/~/missing is not there.`,
      }
      await expect(source.check()).rejects.toMatchObject(expected)
      await expect(readAll(source, csvFiles('*.csv'))).rejects.toMatchObject(expected)
    })

    test('that may not be listed, and a file that may not be read', async () => {
      await put(proftpd.folder, 'closed/a.csv', 'v\n')
      await chmod(join(proftpd.folder, 'closed'), 0)
      const denied = { code: 'SOURCE_DENIED', hint: expect.stringContaining('etl') }
      await expect((await open(byProftpd({ folder: '/closed' }))).check()).rejects.toMatchObject({
        ...denied,
        message: `The folder sftp://${host}:${proftpd.sftpPort}/closed may not be read by the user etl.`,
      })
      await chmod(await put(proftpd.folder, 'secret.csv', 'v\n'), 0)
      await expect(readAll(await open(byProftpd()), csvFiles('secret.csv'))).rejects.toMatchObject({
        ...denied,
        message: `secret.csv in sftp://${host}:${proftpd.sftpPort}/ may not be read by the user etl.`,
      })
    })
  })

  describe('a file', () => {
    test('that vanishes between listing and reading', async () => {
      const path = await put(sshd.folder, 'a.csv', 'v\n1\n')
      const reading = await (await open(bySshd())).open(readRequest(csvFiles('a.csv')))
      await unlink(path)
      await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        message: `a.csv in sftp://${host}:${sshd.port}${sshd.folder} is not there.`,
      })
    })

    const changes: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
      ['grows', (path) => appendFile(path, 'more\n')],
      ['shrinks', (path) => truncate(path, 1_000_000)],
      ['is emptied', (path) => truncate(path, 0)],
    ]
    test.each(changes)('%s before it is read', async (_name, change) => {
      const path = await put(sshd.folder, 'a.csv', large, '2025-01-01T00:00:00Z')
      const reading = await (await open(bySshd())).open(readRequest(csvFiles('a.csv')))
      await change(path)
      await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({
        code: 'FILE_CORRUPT',
        message: 'a.csv changed while it was read.',
      })
    })

    test.each(changes)('%s while it is read', async (_name, change) => {
      const path = await put(sshd.folder, 'a.csv', large, '2025-01-01T00:00:00Z')
      const reading = await (await open(bySshd())).open(readRequest(csvFiles('a.csv')))
      let batches = 0
      await expect(async () => {
        for await (const _batch of reading.read(first(reading))) if (batches++ === 0) await change(path)
      }).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
      expect(batches).toBeGreaterThan(0)
    })
  })

  describe('the way', () => {
    const lossy: readonly FaultKind[] = ['cut', 'reset', 'stall']
    test.each(lossy)('%s in the middle of a file', async (kind) => {
      await put(sshd.folder, 'a.csv', large)
      const proxy = await openFaultyProxy({ target: { host, port: sshd.port } })
      const source = await open(bySshd({ port: proxy.port, idleTimeoutMs: 2000 }))
      proxy.set({ kind, direction: 'to-client', afterBytes: 5_000_000 })
      await expect(readAll(source, csvFiles('a.csv'))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true })
      expect(proxy.hasFired).toBe(true)
      expect((await readAll(source, csvFiles('a.csv'))).rows.length).toBe(2_000_000)
      await proxy.close()
    })

    test('an abort ends the reading of a silent server within a second', async () => {
      await put(sshd.folder, 'a.csv', large)
      const proxy = await openFaultyProxy({ target: { host, port: sshd.port } })
      const source = await open(bySshd({ port: proxy.port }))
      const controller = new AbortController()
      const { signal } = controller
      proxy.set({ kind: 'stall', direction: 'to-client', afterBytes: 5_000_000 })
      const reading = readAll(source, csvFiles('a.csv'), { signal })
      reading.catch(() => {})
      await vi.waitFor(() => expect(proxy.hasFired).toBe(true), { timeout: 10_000 })
      const begun = performance.now()
      controller.abort()
      await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
      expect(performance.now() - begun).toBeLessThan(1000)
      await proxy.close()
    })
  })

  test('many files come over several connections, in their order', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(3, '0')}.csv`)
    for (const name of names) await put(sshd.folder, name, `v\n${name}\n`)
    for (const connections of [1, 2, 4]) {
      const { rows } = await readAll(await open(bySshd({ connections })), csvFiles('*.csv'))
      expect(rows.flat()).toEqual(names)
    }
  })

  test('a reader who stops frees the connection', async () => {
    await put(sshd.folder, 'a.csv', large)
    const source = await open(bySshd({ connections: 1 }))
    for (let times = 0; times < 3; times++) {
      const reading = await source.open(readRequest(csvFiles('a.csv')))
      for await (const _batch of reading.read(first(reading))) break
      await reading.close()
    }
    expect((await readAll(source, csvFiles('a.csv'))).rows.length).toBe(2_000_000)
  })

  test('20 MB come in less time than one delayed acknowledgement a block would take', async () => {
    await put(sshd.folder, 'a.csv', large)
    const source = await open(bySshd())
    await source.check()
    const begun = performance.now()
    await readAll(source, csvFiles('a.csv'))
    // 160 blocks of 128 KiB, 40 ms each: 6.4 s.
    expect(performance.now() - begun).toBeLessThan(6000)
  })
})
