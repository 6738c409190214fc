import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FaultKind, type FaultyProxy, openFaultyProxy, seededFault } from '../../src/testing/faulty-proxy.ts'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { put } from '../fixtures/file-readings.ts'
import { type Proftpd, startProftpd } from '../fixtures/proftpd.ts'
import { freePorts } from '../fixtures/servers.ts'
import { visibleState } from '../fixtures/small-shop.ts'

const host = '127.0.0.1'
const first = '--batch 2025-01-01'
const second = '--batch 2025-01-02'

const project: Readonly<Record<string, string>> = {
  'sluice.config.ts': `
import { duckdb, env, ftp, localLake, project, secret, sftp, sqliteControl } from 'sluice-etl'
export const branches = sftp({
  host: env('SFTP_HOST'), port: env('SFTP_PORT'), user: env('REMOTE_USER'), password: secret('SFTP_PASSWORD'),
  hostKey: env('SFTP_HOST_KEY'), folder: env('SFTP_FOLDER'), connectTimeoutMs: 3000, idleTimeoutMs: 1500,
})
export const partner = ftp({
  host: env('FTP_HOST'), port: env('FTP_PORT'), user: env('REMOTE_USER'), password: secret('FTP_PASSWORD'),
  ca: env('FTP_CA'), folder: env('FTP_FOLDER'), connectTimeoutMs: 3000, idleTimeoutMs: 1500,
})
export default project({
  name: 'remote', timeZone: 'UTC', retry: { attempts: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/warehouse.duckdb'), control: sqliteControl('data/control.db'),
})
`,
  'extract/closure.ts': `
import { csv, extract, integer, text } from 'sluice-etl'
import { branches } from '../sluice.config.ts'
export default extract(branches.newest('closure-*.csv', { format: csv(), columns: { id: integer(), name: text() } }), { description: 'Closures' })
`,
  'extract/price.ts': `
import { csv, extract, integer, text } from 'sluice-etl'
import { partner } from '../sluice.config.ts'
export default extract(partner.newest('price-*.csv', { format: csv(), columns: { id: integer(), name: text() } }), { description: 'Prices' })
`,
  'load/closure.ts': `
import { load } from 'sluice-etl'
import closure from '../extract/closure.ts'
export default load(closure, { into: 'closure', write: { disposition: 'append' } })
`,
  'load/price.ts': `
import { load } from 'sluice-etl'
import price from '../extract/price.ts'
export default load(price, { into: 'price', write: { disposition: 'append' } })
`,
}

interface Case {
  readonly name: string
  readonly script: 'closure' | 'price'
  readonly environment: () => Readonly<Record<string, string>>
  readonly exitCode: number
  /** The code, what happened and the hint. */
  readonly says: readonly string[]
}

describeWith(['proftpd'], 'files of a server, by the command line', () => {
  let server: Proftpd
  let pristine: CliProject
  let environment: Readonly<Record<string, string>>
  let nobody = 0

  beforeAll(async () => {
    server = await startProftpd()
    nobody = (await freePorts(1))[0] ?? 0
    environment = {
      SFTP_HOST: host,
      SFTP_PORT: String(server.sftpPort),
      SFTP_PASSWORD: server.password,
      SFTP_HOST_KEY: server.hostKey,
      SFTP_FOLDER: '/',
      FTP_HOST: host,
      FTP_PORT: String(server.ftpPort),
      FTP_PASSWORD: server.password,
      FTP_CA: server.certificateFile,
      FTP_FOLDER: '/',
      REMOTE_USER: server.user,
    }
    for (const name of ['closure', 'price']) await put(server.folder, `${name}-2025-01-01.csv`, 'id,name\n1,one\n2,two\n')
    pristine = await cliProject(project)
    expect(await pristine.sluice(['register'], environment)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await pristine.sluice(`run ${first}`.split(' '), environment)).toMatchObject({ exitCode: 0, stderr: '' })
    for (const name of ['closure', 'price']) await put(server.folder, `${name}-2025-01-02.csv`, largeFile)
  })

  afterAll(async () => {
    await pristine?.remove()
    await server?.stop()
  })

  const cases: readonly Case[] = [
    {
      name: 'a wrong password',
      script: 'closure',
      environment: () => ({ SFTP_PASSWORD: 'wrong-for-sure' }),
      exitCode: 78,
      says: ['SOURCE_DENIED', 'refused the login of etl by password', 'Correct the user'],
    },
    {
      name: 'a wrong password over FTPS',
      script: 'price',
      environment: () => ({ FTP_PASSWORD: 'wrong-for-sure' }),
      exitCode: 78,
      says: ['SOURCE_DENIED', 'refused the login of etl by password', 'Correct the user'],
    },
    {
      name: 'another host key',
      script: 'closure',
      environment: () => ({ SFTP_HOST_KEY: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }),
      exitCode: 69,
      says: ['SOURCE_FAILED', `shows the key ssh-ed25519 SHA256:`, 'SHA256:47DEQpj8', 'Ask the operator'],
    },
    {
      name: 'a port that is none',
      script: 'closure',
      environment: () => ({ SFTP_PORT: 'twenty-two' }),
      exitCode: 78,
      says: ['CONFIG_INVALID', '"twenty-two"', 'Set it to a number'],
    },
    {
      name: 'a certificate for another name',
      script: 'price',
      environment: () => ({ FTP_HOST: '127.0.0.3', FTP_PORT: String(otherName.port) }),
      exitCode: 69,
      says: ['SOURCE_FAILED', 'a certificate for another name than 127.0.0.3', 'Write the host'],
    },
    {
      name: 'a host that nobody knows',
      script: 'closure',
      environment: () => ({ SFTP_HOST: 'no-such-host.invalid' }),
      exitCode: 69,
      says: ['SOURCE_UNREACHABLE', 'no-such-host.invalid is not known', 'Correct the host'],
    },
    {
      name: 'a port where nothing listens',
      script: 'price',
      environment: () => ({ FTP_PORT: String(nobody) }),
      exitCode: 69,
      says: ['SOURCE_UNREACHABLE', 'nothing listens there', 'Check host, port'],
    },
    {
      name: 'a folder that is not there',
      script: 'closure',
      environment: () => ({ SFTP_FOLDER: '/closed' }),
      exitCode: 65,
      says: ['FILE_NOT_FOUND', '/closed is not there', 'Correct the folder'],
    },
    {
      name: 'a folder that is not there over FTPS',
      script: 'price',
      environment: () => ({ FTP_FOLDER: '/closed' }),
      exitCode: 65,
      says: ['FILE_NOT_FOUND', '/closed is not there', 'Correct the folder'],
    },
  ]

  let otherName: FaultyProxy
  beforeAll(async () => {
    otherName = await openFaultyProxy({ target: { host, port: server.ftpPort }, listen: { host: '127.0.0.3' } })
  })
  afterAll(() => otherName?.close())

  test.each(cases)('$name', async ({ script, environment: changed, exitCode, says }) => {
    const own = await copyOfPristine()
    try {
      const state = await stateToKeep(own.folder)
      const ended = await own.sluice(`extract ${script} ${second}`.split(' '), { ...environment, ...changed() })
      expect({ exitCode: ended.exitCode, signal: ended.signal, stderr: ended.stderr }).toMatchObject({ exitCode, signal: null })
      for (const words of says) expect(ended.stderr).toContain(words)
      expect(ended.stdout + ended.stderr).not.toContain('wrong-for-sure')
      expect(ended.stderr).not.toContain('    at ')
      expect(await stateToKeep(own.folder)).toEqual(state)
    } finally {
      await own.remove()
    }
  })

  const kinds: readonly FaultKind[] = ['cut', 'reset', 'stall', 'corrupt']
  test.each([
    ['closure', 1],
    ['closure', 2],
    ['closure', 3],
    ['price', 4],
    ['price', 5],
    ['price', 6],
  ] as const)('a fault while %s is read, seed %i: nothing changes before all rows are there', async (script, seed) => {
    const own = await copyOfPristine()
    const isSftp = script === 'closure'
    const target = { host, port: isSftp ? server.sftpPort : server.ftpPort }
    const proxy = await openFaultyProxy({ target, listen: { host: '127.0.0.2' }, samePorts: isSftp ? [] : server.passivePorts })
    const [name, port] = isSftp ? ['SFTP_HOST', 'SFTP_PORT'] : ['FTP_HOST', 'FTP_PORT']
    const through = { ...environment, [name]: proxy.host, [port]: String(proxy.port) }
    try {
      const state = await stateToKeep(own.folder)
      proxy.set(seededFault(seed, kinds, { 'to-client': largeFile.length, 'to-server': 2000 }))
      const ended = await own.sluice(`extract ${script} ${second}`.split(' '), through)
      expect(proxy.hasFired).toBe(true)
      expect(ended.exitCode).toBeGreaterThan(0)
      expect(await stateToKeep(own.folder)).toEqual(state)
      proxy.set(undefined)
      expect(await own.sluice(`extract ${script} ${second}`.split(' '), through)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await own.sluice(`load ${script} ${second}`.split(' '), through)).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await visibleState(own.folder))[`target.${script}`]?.length).toBe(largeRows + 2)
    } finally {
      await proxy.close()
      await own.remove()
    }
  })

  async function copyOfPristine(): Promise<CliProject> {
    const own = await cliProject(project)
    await cp(join(pristine.folder, 'data'), join(own.folder, 'data'), { recursive: true, preserveTimestamps: true })
    return own
  }

  /** A batch opens with its first run. */
  async function stateToKeep(folder: string) {
    const { batches: _, ...state } = await visibleState(folder)
    return state
  }
})

const largeRows = 30_000
const largeFile = `id,name\n${Array.from({ length: largeRows }, (_, id) => `${id + 10},name ${id}\n`).join('')}`
