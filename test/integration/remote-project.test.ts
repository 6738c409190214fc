import { afterEach, expect, test } from 'vitest'
import { isSluiceError, type SluiceError } from '../../src/errors.ts'
import { openProject } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const folders: ProjectFolder[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove()
})

/** What is wrong with a project that has this connection; undefined when nothing is. */
async function fault(connection: string): Promise<SluiceError | undefined> {
  const folder = await projectFolder({
    'sluice.config.ts': `
import { duckdb, env, ftp, localLake, project, secret, sftp, sqliteControl } from 'sluice-etl'
export const partner = ${connection}
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`,
    'extract/a.ts': `
import { csv, extract, text } from 'sluice-etl'
import { partner } from '../sluice.config.ts'
export default extract(partner.newest('*.csv', { format: csv(), columns: { v: text() } }), { description: 'A' })
`,
  })
  folders.push(folder)
  const thrown = await openProject(folder.root, {}).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown !== undefined && !isSluiceError(thrown)) throw thrown
  return thrown
}

test.each([
  `sftp({ host: 'h', user: 'u', password: secret('P'), hostKey: 'SHA256:x' })`,
  `sftp({ host: env('H'), port: env('N'), user: env('U'), key: secret('K'), passphrase: secret('P'), knownHosts: 'known_hosts' })`,
  `sftp({ host: 'h', port: 2222, user: 'u', agent: env('SSH_AUTH_SOCK'), hostKey: 'SHA256:x', folder: '/in', connections: 1 })`,
  `ftp({ host: 'h', user: 'u', password: secret('P') })`,
  `ftp({ host: 'h', user: 'u', password: secret('P'), tls: 'implicit', ca: 'partner.pem', idleTimeoutMs: 5000 })`,
  `ftp({ host: 'h', user: 'u', password: secret('P'), tls: 'none', allowPlaintext: true })`,
])('%s', async (connection) => {
  expect(await fault(connection)).toBeUndefined()
})

test.each([
  [`sftp({ host: 'h', user: 'u', hostKey: 'SHA256:x' })`, "need exactly one of 'password', 'key' and 'agent'"],
  [
    `sftp({ host: 'h', user: 'u', password: secret('P'), key: secret('K'), hostKey: 'SHA256:x' })`,
    "need exactly one of 'password', 'key' and 'agent'",
  ],
  [`sftp({ host: 'h', user: 'u', password: secret('P') })`, "need exactly one of 'hostKey' and 'knownHosts'"],
  [`sftp({ host: 'h', user: 'u', password: secret('P'), hostkey: 'SHA256:x' })`, "Did you mean to write 'hostKey'?"],
  [`sftp({ user: 'u', password: secret('P'), hostKey: 'SHA256:x' })`, "'host' is missing in the options of sftp"],
  [`sftp({ host: 'h', port: 0, user: 'u', password: secret('P'), hostKey: 'SHA256:x' })`, "'port' is no port"],
  [`sftp({ host: 'h', user: 'u', password: secret('P'), hostKey: 'SHA256:x', connections: 0 })`, "'connections' is under 1"],
  [`ftp({ host: 'h', user: 'u', password: secret('P'), tls: 'none' })`, "need 'allowPlaintext: true' for tls: 'none'"],
  [`ftp({ host: 'h', user: 'u', password: secret('P'), tls: true })`, "'tls' is none of 'explicit', 'implicit' and 'none'"],
  [`ftp({ host: 'h', user: 'u' })`, "'password' is missing in the options of ftp"],
])('%s is refused', async (connection, sentence) => {
  const error = await fault(connection)
  expect(error?.code).toBe('CONFIG_INVALID')
  expect(error?.message).toContain(sentence)
})

test.each([
  [`sftp({ host: 'h', user: 'u', password: 'hunter2', hostKey: 'SHA256:x' })`, "the option 'password'"],
  [`sftp({ host: 'h', user: 'u', key: env('K'), hostKey: 'SHA256:x' })`, "the option 'key'"],
  [`sftp({ host: 'h', user: 'u', key: secret('K'), passphrase: 'hunter2', hostKey: 'SHA256:x' })`, "the option 'passphrase'"],
  [`ftp({ host: 'h', user: 'u', password: 'hunter2' })`, "the option 'password'"],
])('%s: a credential must be a secret', async (connection, option) => {
  const error = await fault(connection)
  expect(error?.code).toBe('SECRET_LITERAL')
  expect(error?.message).toContain(option)
  expect(JSON.stringify([error?.message, error?.hint])).not.toContain('hunter2')
})
