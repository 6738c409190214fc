import { expect, test, vi } from 'vitest'
import { openFtp } from '../../src/sources/ftp.ts'
import { openSftp } from '../../src/sources/sftp.ts'

const missing = (name: string) => {
  throw Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' })
}
vi.mock('ssh2', () => missing('ssh2'))
vi.mock('basic-ftp', () => missing('basic-ftp'))

test.each([
  [
    'ssh2',
    'SFTP needs the package ssh2, which is not installed.',
    () => openSftp({ host: 'h', user: 'u', password: 'p', hostKey: 'SHA256:x' }),
  ],
  [
    'basic-ftp',
    'FTP needs the package basic-ftp, which is not installed.',
    () => openFtp({ host: 'h', user: 'u', password: 'p' }),
  ],
] as const)('without %s the message says how to get it', async (name, message, open) => {
  const source = await open()
  await expect(source.check()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message, hint: `Install it: npm install ${name}` })
})
