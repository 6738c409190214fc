import { appendFile, chmod, readdir, rename, rm, symlink, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import { type FtpOptions, openFtp } from '../../src/sources/ftp.ts'
import { type FaultKind, type FaultyProxy, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { sourceCases } from '../../src/testing/source-cases.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { csvFiles, csvText, everyBatch, first, put, readAll } from '../fixtures/file-readings.ts'
import { type Proftpd, startProftpd } from '../fixtures/proftpd.ts'
import { freePorts, listenSilently } from '../fixtures/servers.ts'
import { readTexts, textColumns } from '../read-texts.ts'

const host = '127.0.0.1'
const large = `v\n${'0123456789\n'.repeat(2_000_000)}`
const opened: Source[] = []

async function open(options: FtpOptions): Promise<Source> {
  const source = await openFtp(options)
  opened.push(source)
  return source
}

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close()
})

describeWith(['proftpd'], 'ftp', () => {
  let proftpd: Proftpd

  beforeAll(async () => {
    proftpd = await startProftpd()
  })

  afterAll(() => proftpd.stop())

  afterEach(async () => {
    for (const name of await readdir(proftpd.folder)) await rm(join(proftpd.folder, name), { recursive: true })
  })

  const login = () => ({ host, user: proftpd.user, password: proftpd.password })
  const explicit = (more: Partial<FtpOptions> = {}): FtpOptions => {
    return { ...login(), port: proftpd.ftpPort, ca: proftpd.certificateFile, ...more }
  }
  const implicit = (more: Partial<FtpOptions> = {}): FtpOptions => {
    return { ...login(), port: proftpd.implicitPort, ca: proftpd.certificateFile, tls: 'implicit', ...more }
  }
  const plain = (more: Partial<FtpOptions> = {}): FtpOptions => {
    return { ...login(), port: proftpd.ftpPort, tls: 'none', allowPlaintext: true, ...more }
  }
  const ways = [
    ['FTPS, explicit', explicit],
    ['FTPS, implicit', implicit],
    ['FTP', plain],
  ] as const

  describe.each(ways)('the contract of a source: %s', (_way, options) => {
    const cases = sourceCases({
      async prepare(sample) {
        await put(proftpd.folder, 'sample.csv', csvText(sample))
        const columns = textColumns(...sample.columns.map(({ name }) => name))
        const resource = { ...csvFiles('sample.*', { select: 'newest', allowEmpty: true }), columns }
        return { source: await open(options()), resource, close: async () => {} }
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
    test.each(ways)('with a wrong password is refused: %s', async (way, options) => {
      const { port } = options()
      await expect((await open(options({ password: 'wrong' }))).check()).rejects.toMatchObject({
        code: 'SOURCE_DENIED',
        exitCode: 78,
        retryable: false,
        message: `The ${way.slice(0, 4).replace(',', '')} server ${host}:${port} refused the login of etl by password.`,
        hint: expect.stringContaining('password'),
      })
    })

    test('with a line break in the password is no second command', async () => {
      await expect((await open(explicit({ password: 'etl-secret\r\nDELE a.csv' }))).check()).rejects.toMatchObject({
        message: expect.stringContaining('control characters'),
      })
    })

    test('unencrypted needs a word for it', async () => {
      await expect(openFtp({ ...login(), port: proftpd.ftpPort, tls: 'none' })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `The password and the files of ${host} would travel unencrypted.`,
        hint: expect.stringContaining('allowPlaintext: true'),
      })
    })
  })

  describe('the certificate', () => {
    test('of an unknown authority is refused before the login', async () => {
      const { ca: _, ...untrusting } = explicit()
      for (const options of [untrusting, { ...untrusting, port: proftpd.implicitPort, tls: 'implicit' as const }]) {
        await expect((await open(options)).check()).rejects.toMatchObject({
          code: 'SOURCE_FAILED',
          retryable: false,
          message: `The FTPS server ${host}:${options.port} shows a certificate that no known authority has signed.`,
          hint: expect.stringContaining('as ca in the project file'),
        })
      }
    })

    test('of another name is refused', async () => {
      for (const options of [explicit({ host: '127.0.0.3' }), implicit({ host: '127.0.0.3' })]) {
        const proxy = await openFaultyProxy({ target: { host, port: options.port ?? 0 }, listen: { host: '127.0.0.3' } })
        await expect((await open({ ...options, port: proxy.port })).check()).rejects.toMatchObject({
          code: 'SOURCE_FAILED',
          message: `The FTPS server 127.0.0.3:${proxy.port} shows a certificate for another name than 127.0.0.3.`,
        })
        await proxy.close()
      }
    })

    test('that has expired is refused', async () => {
      const old = await startProftpd({ hasExpired: true })
      await expect((await open(explicit({ port: old.ftpPort, ca: old.certificateFile }))).check()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: `The FTPS server ${host}:${old.ftpPort} shows a certificate that has expired.`,
      })
      await old.stop()
    })

    test('of authorities in a file that is not there', async () => {
      await expect(openFtp(explicit({ ca: '/no/such.pem' }))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    })
  })

  describe('the server', () => {
    test('that nobody knows', async () => {
      await expect((await open(explicit({ host: 'no-such-host.invalid' }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: 'The host no-such-host.invalid is not known here.',
      })
    })

    test.each(ways)('where nothing listens: %s', async (_way, options) => {
      const [port = 0] = await freePorts(1)
      await expect((await open(options({ port }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: expect.stringContaining(`${host}:${port} could not be reached: nothing listens there.`),
      })
    })

    test.each(ways)('that is silent: %s', async (_way, options) => {
      const silent = await listenSilently()
      await expect((await open(options({ port: silent.port, connectTimeoutMs: 300 }))).check()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: expect.stringContaining('did not answer in time'),
      })
      await silent.close()
    })

    test('that speaks no TLS at this port', async () => {
      await expect((await open(implicit({ port: proftpd.ftpPort }))).check()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        hint: expect.stringContaining('Correct port and tls'),
      })
    })
  })

  describe.each(ways)('the folder: %s', (_way, options) => {
    test('with names of all kinds, files below it, and links', async () => {
      const names = ['a b#1.csv', '100%.csv', 'naïve 😀.csv', '-rf.csv', "it's.csv", ' lead.csv', 'a;b=c.csv']
      for (const name of names) await put(proftpd.folder, name, `v\n"${name}"\n`)
      await put(proftpd.folder, 'below/c.csv', 'v\nbelow\n')
      await symlink('-rf.csv', join(proftpd.folder, 'again.csv'))
      const source = await open(options())
      const flat = await readAll(source, csvFiles('*.csv'))
      expect(flat.ids.toSorted()).toEqual(names.toSorted())
      expect(flat.rows.flat().toSorted()).toEqual(names.toSorted())
      expect((await readAll(source, csvFiles('**/*.csv'))).ids.toSorted()).toEqual([...names, 'below/c.csv'].toSorted())
      expect((await readAll(await open(options({ folder: 'below' })), csvFiles('*.csv'))).ids).toEqual(['c.csv'])
    })

    test('that is not there', async () => {
      const source = await open(options({ folder: '/missing' }))
      await expect(source.check()).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        message: expect.stringMatching(/^The folder ftps?:\/\/127\.0\.0\.1:\d+\/missing is not there\.$/),
      })
      await expect(readAll(source, csvFiles('*.csv'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    })

    test('that may not be listed, and a file that may not be read', async () => {
      await put(proftpd.folder, 'closed/a.csv', 'v\n')
      await chmod(join(proftpd.folder, 'closed'), 0)
      const denied = { code: 'SOURCE_DENIED', hint: expect.stringContaining('etl') }
      await expect((await open(options({ folder: '/closed' }))).check()).rejects.toMatchObject(denied)
      await chmod(join(proftpd.folder, 'closed'), 0o111)
      await expect((await open(options({ folder: '/closed' }))).check()).rejects.toMatchObject(denied)
      await chmod(await put(proftpd.folder, 'secret.csv', 'v\n'), 0)
      await expect(readAll(await open(options()), csvFiles('secret.csv'))).rejects.toMatchObject(denied)
    })
  })

  test('a name with a line break is refused, not passed over', async () => {
    await put(proftpd.folder, 'line\nbreak.csv', 'v\n')
    await put(proftpd.folder, 'a.csv', 'v\n')
    await expect(readAll(await open(explicit()), csvFiles('*.csv'))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: 'The server lists "break.csv", which is no name or the rest of one.',
    })
  })

  test('a server without MLSD is asked for the size and the time of each file', async () => {
    const old = await startProftpd({ hasFacts: false })
    await put(old.folder, 'a b.csv', 'v\n1\n', '2001-02-03T04:05:06Z')
    await put(old.folder, 'below/c.csv', 'v\n2\n', '2001-02-03T04:05:07Z')
    await symlink('a b.csv', join(old.folder, 'link.csv'))
    const source = await open(explicit({ port: old.ftpPort, ca: old.certificateFile }))
    expect((await readAll(source, csvFiles('*.csv'))).ids).toEqual(['a b.csv'])
    const newest = { select: 'newest', newestBy: 'modified' }
    expect((await readAll(source, csvFiles('**/*.csv', newest))).rows).toEqual([['2']])
    await source.close()
    await old.stop()
  })

  test('a link that leaves the folder is refused', async () => {
    await put(proftpd.folder, 'in/a.csv', 'v\n')
    await put(proftpd.folder, 'b.csv', 'v\n')
    await symlink('../b.csv', join(proftpd.folder, 'in/link.csv'))
    await expect(readAll(await open(explicit({ folder: '/in' })), csvFiles('*.csv'))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('link.csv in '),
    })
  })

  describe('a file', () => {
    test('that vanishes between listing and reading', async () => {
      const path = await put(proftpd.folder, 'a.csv', 'v\n1\n')
      const reading = await (await open(explicit())).open(readRequest(csvFiles('a.csv')))
      await unlink(path)
      await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        message: `a.csv in ftps://${host}:${proftpd.ftpPort}/ is not there.`,
      })
    })

    const changes: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
      ['grows', (path) => appendFile(path, 'more\n')],
      ['shrinks', (path) => truncate(path, 1_000_000)],
      ['is emptied', (path) => truncate(path, 0)],
    ]
    test.each(changes)('%s before it is read', async (_name, change) => {
      const path = await put(proftpd.folder, 'a.csv', large, '2025-01-01T00:00:00Z')
      const reading = await (await open(explicit())).open(readRequest(csvFiles('a.csv')))
      await change(path)
      await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({
        code: 'FILE_CORRUPT',
        message: 'a.csv changed while it was read.',
      })
    })

    test.each(changes)('%s while it is read', async (_name, change) => {
      const path = await put(proftpd.folder, 'a.csv', large, '2025-01-01T00:00:00Z')
      const reading = await (await open(explicit())).open(readRequest(csvFiles('a.csv')))
      let batches = 0
      await expect(async () => {
        for await (const _batch of reading.read(first(reading))) if (batches++ === 0) await change(path)
      }).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
      expect(batches).toBeGreaterThan(0)
    })

    test('is replaced by another while it is read', async () => {
      const path = await put(proftpd.folder, 'a.csv', large, '2025-01-01T00:00:00Z')
      const other = await put(proftpd.folder, 'b.txt', large, '2025-01-02T00:00:00Z')
      const reading = await (await open(explicit())).open(readRequest(csvFiles('a.csv')))
      let batches = 0
      await expect(async () => {
        for await (const _batch of reading.read(first(reading))) if (batches++ === 0) await rename(other, path)
      }).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    })
  })

  describe.each(ways)('the way: %s', (_way, options) => {
    let proxy: FaultyProxy

    /** At another address with the same ports, since the server names the ports of its data connections. */
    beforeEach(async () => {
      const listen = { host: '127.0.0.2' }
      const target = { host, port: options().port ?? 0 }
      proxy = await openFaultyProxy({ target, listen, samePorts: proftpd.passivePorts })
      await put(proftpd.folder, 'a.csv', large)
    })

    afterEach(() => proxy.close())

    const through = () => open(options({ host: proxy.host, port: proxy.port, idleTimeoutMs: 2000 }))

    const lossy: readonly FaultKind[] = ['cut', 'reset', 'stall']
    test.each(lossy)('%s in the middle of a file', async (kind) => {
      const source = await through()
      proxy.set({ kind, direction: 'to-client', afterBytes: 5_000_000 })
      await expect(readAll(source, csvFiles('a.csv'))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true })
      expect(proxy.hasFired).toBe(true)
      expect((await readAll(source, csvFiles('a.csv'))).rows.length).toBe(2_000_000)
    })

    test('an abort ends the reading of a silent server within a second', async () => {
      const source = await open(options({ host: proxy.host, port: proxy.port }))
      const controller = new AbortController()
      proxy.set({ kind: 'stall', direction: 'to-client', afterBytes: 5_000_000 })
      const reading = readAll(source, csvFiles('a.csv'), { signal: controller.signal })
      reading.catch(() => {})
      await vi.waitFor(() => expect(proxy.hasFired).toBe(true), { timeout: 10_000 })
      const begun = performance.now()
      controller.abort()
      await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
      expect(performance.now() - begun).toBeLessThan(1000)
    })
  })

  test('many files come over several connections, in their order', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `${String(index).padStart(3, '0')}.csv`)
    for (const name of names) await put(proftpd.folder, name, `v\n${name}\n`)
    for (const connections of [1, 2, 4]) {
      const { rows } = await readAll(await open(explicit({ connections })), csvFiles('*.csv'))
      expect(rows.flat()).toEqual(names)
    }
  })

  test('a reader who stops frees the connection', async () => {
    await put(proftpd.folder, 'a.csv', large)
    const source = await open(explicit({ connections: 1 }))
    for (let times = 0; times < 3; times++) {
      const reading = await source.open(readRequest(csvFiles('a.csv')))
      for await (const _batch of reading.read(first(reading))) break
      await reading.close()
    }
    expect((await readAll(source, csvFiles('a.csv'))).rows.length).toBe(2_000_000)
  })
})
