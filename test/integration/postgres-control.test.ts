import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'
import { SluiceError } from '../../src/errors.ts'
import { controlStoreCases } from '../../src/testing/control-store-cases.ts'
import { begin, outcome, pastShortTtl, request, shortTtlMs } from '../../src/testing/control-store-fixture.ts'
import { makeCertificate } from '../fixtures/certificate.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

describeWith(['postgres'], 'a control store on Postgres', () => {
  let server: PostgresServer
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server?.stop())

  function place(): { readonly url: string; readonly schema: string } {
    schemas += 1
    return { url: server.url, schema: `Store.${schemas} "x"` }
  }

  describe('the contract of a control store', () => {
    const cases = controlStoreCases({
      prepare: async () => {
        const where = place()
        return { open: () => openPostgresControl(where), close: async () => {} }
      },
    })
    test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
      contractCase.run(),
    )
  })

  test('without a schema it has the schema sluice, and everything lies there', async () => {
    const store = await openPostgresControl({ url: server.url })
    await store.migrate()
    await store.close()
    const tables = await server.run(`SELECT DISTINCT table_schema FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema NOT LIKE 'Store%'`)
    expect(tables).toEqual([{ table_schema: 'sluice' }])
  })

  test('of a late end and a successor at the same moment each gets a true answer', async () => {
    const where = place()
    const [store, other] = [await openPostgresControl(where), await openPostgresControl(where)]
    await store.migrate()
    for (let round = 0; round < 40; round += 1) {
      const old = await begin(store, request('extract/sales', { leaseTtlMs: shortTtlMs }))
      await pastShortTtl()
      const [finished, successor] = await Promise.all([store.runs.finish(old, outcome()), begin(other)])
      expect(successor.token).toBe(old.token + 1)
      const [run] = await store.runs.list({ runId: old.runId, limit: 1 })
      expect(run?.status).toBe(finished ? 'SUCCESS' : 'ABANDONED')
      expect(await other.runs.finish(successor, outcome())).toBe(true)
    }
    await store.close()
    await other.close()
  })

  test('over TLS, with a certificate that is trusted and with one that is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'))
    await makeCertificate(folder)
    const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    await chmod(key, 0o600)
    if (process.getuid?.() === 0) for (const path of [folder, certificate, key]) await chown(path, 65_534, 65_534)
    const secured = await startPostgres({ ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key })
    const url = `${secured.url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full`
    const store = await openPostgresControl({ url: `${url}&sslrootcert=${certificate}` })
    await store.migrate()
    expect((await begin(store)).token).toBe(1)
    const sessions = await secured.run(`SELECT bool_and(ssl) AS ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE application_name = 'sluice-control'`)
    expect(sessions).toEqual([{ ssl: 't' }])
    await store.close()
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('no connection that can be trusted') }
    await expect(openPostgresControl({ url })).rejects.toMatchObject(refused)
    await secured.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('a text with a NUL, which Postgres cannot keep, ends no run', async () => {
    const store = await openPostgresControl(place())
    await store.migrate()
    const key = await begin(store)
    const failed = outcome({ status: 'FAILED', exitCode: 65, errorCode: 'FILE_CORRUPT', errorMessage: 'line 1: a\0b' })
    expect(await store.runs.finish(key, failed)).toBe(true)
    expect((await store.runs.list({ limit: 1 }))[0]?.errorMessage).toBe('line 1: a\uFFFDb')
    await store.close()
  })

  describe('is refused', () => {
    const urlWith = (change: (url: URL) => void) => {
      const url = new URL(server.url)
      change(url)
      return url.href
    }

    async function refusal(options: Parameters<typeof openPostgresControl>[0]) {
      const error: unknown = await openPostgresControl(options)
        .then(async (store) => store.migrate().finally(() => store.close()))
        .catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(SluiceError)
      const { code, message, hint, exitCode } = error as SluiceError
      expect(`${message} ${hint}`).not.toContain('postgres-secret')
      return { code, message, hint, exitCode }
    }

    test('with a wrong password or an unknown user', async () => {
      const password = urlWith((url) => {
        url.password = 'wrong'
      })
      expect(await refusal({ url: password })).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 78 })
      expect((await refusal({ url: password })).message).toContain('refused the login of postgres')
      const user = urlWith((url) => {
        url.username = 'nobody'
      })
      expect((await refusal({ url: user })).message).toContain('refused the login of nobody')
    })

    test('with a database that is not there', async () => {
      const url = urlWith((changed) => {
        changed.pathname = '/elsewhere'
      })
      expect(await refusal({ url })).toMatchObject({ code: 'CONFIG_INVALID', hint: 'Create it: CREATE DATABASE "elsewhere"' })
    })

    test('with a host that is not known, a port where nothing listens, or one where nobody answers', async () => {
      const unknown = urlWith((url) => {
        url.hostname = 'no-such-host.invalid'
      })
      expect(await refusal({ url: unknown })).toMatchObject({ code: 'CONTROL_FAILED', exitCode: 69 })
      const closed = urlWith((url) => {
        url.port = '1'
      })
      expect(await refusal({ url: closed })).toMatchObject({
        code: 'CONTROL_FAILED',
        message: expect.stringContaining('127.0.0.1:1/'),
      })
      const mute = await listening()
      const silent = urlWith((url) => {
        url.port = String(mute.port)
      })
      expect(await refusal({ url: silent })).toMatchObject({ code: 'CONTROL_FAILED' })
      mute.server.close()
    })

    test('with a url that is none', async () => {
      expect(await refusal({ url: 'mysql://u:postgres-secret@h/d' })).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(await refusal({ url: 'postgres-secret' })).toMatchObject({ code: 'CONFIG_INVALID' })
    })

    test('with a password that is not written as urls write it', async () => {
      const url = server.url.replace('postgres-secret', 'postgres-secret%')
      expect(await refusal({ url })).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('%40') })
    })

    test('with a database of another encoding', async () => {
      await server.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
      const url = urlWith((changed) => {
        changed.pathname = '/latin'
      })
      expect(await refusal({ url })).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('LATIN1') })
    })

    test('an upgrade by someone else than the owner', async () => {
      await server.run("CREATE ROLE guest LOGIN PASSWORD 'guest-secret'")
      const owners = await openPostgresControl({ url: server.url, schema: 'older' })
      await owners.migrate()
      await owners.close()
      await server.run(`UPDATE older.store_version SET version = 1; GRANT USAGE ON SCHEMA older TO guest;
        GRANT ALL ON ALL TABLES IN SCHEMA older TO guest`)
      const url = urlWith((changed) => {
        changed.username = 'guest'
        changed.password = 'guest-secret'
      })
      const refused = await refusal({ url, schema: 'older' })
      expect(refused).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('Let the owner') })
    })

    test('when TLS is asked for and the server has none', async () => {
      const url = urlWith((changed) => {
        changed.searchParams.set('sslmode', 'verify-full')
      })
      const refused = await refusal({ url })
      expect(refused).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('no connection that can be trusted'),
      })
    })

    test('without the rights that it needs, each named with its GRANT', async () => {
      await server.run("CREATE ROLE clerk LOGIN PASSWORD 'clerk-secret'; CREATE SCHEMA given; CREATE SCHEMA ready")
      const url = urlWith((changed) => {
        changed.username = 'clerk'
        changed.password = 'clerk-secret'
      })
      const create = await refusal({ url, schema: 'own' })
      expect(create).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 78 })
      expect(create.hint).toContain('CREATE SCHEMA "own" AUTHORIZATION "clerk"')
      expect((await refusal({ url, schema: 'given' })).hint).toContain('GRANT USAGE, CREATE ON SCHEMA "given" TO "clerk"')
      await server.run('GRANT USAGE, CREATE ON SCHEMA given TO clerk')
      const store = await openPostgresControl({ url, schema: 'given' })
      await store.migrate()
      await store.close()
      const owners = await openPostgresControl({ url: server.url, schema: 'ready' })
      await owners.migrate()
      await server.run('GRANT USAGE ON SCHEMA ready TO clerk')
      const hint = (await refusal({ url, schema: 'ready' })).hint
      expect(hint).toContain('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "ready" TO "clerk"')
      // The statement that the hint names is enough.
      await server.run(hint.replace('Have the owner run: ', ''))
      const clerk = await openPostgresControl({ url, schema: 'ready' })
      expect(await clerk.migrate()).toEqual(await owners.migrate())
      expect(await clerk.runs.finish(await begin(clerk), outcome())).toBe(true)
      await clerk.close()
      await owners.close()
    })

    test('a schema with tables of another program, which stays as it is', async () => {
      await server.run('CREATE SCHEMA theirs; CREATE TABLE theirs.batch (id int)')
      const refused = await refusal({ url: server.url, schema: 'theirs' })
      expect(refused).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('another program') })
      const tables = await server.run("SELECT table_name FROM information_schema.tables WHERE table_schema = 'theirs'")
      expect(tables).toEqual([{ table_name: 'batch' }])
    })

    test('a store of a newer version, before and after it was opened', async () => {
      const where = { url: server.url, schema: 'newer' }
      const early = await openPostgresControl(where)
      await early.migrate()
      await server.run('UPDATE newer.store_version SET version = 99')
      const newer = { code: 'CONFIG_INVALID', details: { version: 99 }, message: expect.stringContaining('version 99') }
      await expect(openPostgresControl(where)).rejects.toMatchObject(newer)
      await expect(early.migrate()).rejects.toMatchObject(newer)
      await early.close()
    })
  })
})

/** Accepts connections and says nothing. */
async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}
