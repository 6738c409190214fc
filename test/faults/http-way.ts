import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { makeCertificate } from '../fixtures/certificate.ts'
import { json, restServer } from '../fixtures/rest-server.ts'
import type { SourceRow } from './batches.ts'
import type { Way } from './way.ts'

const pageRows = 300

/** A paged API with a declared total, read by a cursor. */
export async function httpWay(encryption: 'TLS' | 'none'): Promise<Way> {
  const isEncrypted = encryption === 'TLS'
  const folder = await mkdtemp(join(tmpdir(), 'sluice-http-'))
  await makeCertificate(folder)
  const tls = { key: await readFile(join(folder, 'tls.key'), 'utf8'), cert: await readFile(join(folder, 'tls.crt'), 'utf8') }
  const server = await restServer(isEncrypted ? tls : undefined)
  const rows: SourceRow[] = []
  server.answer(({ url }) => {
    const wanted = rows.filter(({ updatedAt }) => updatedAt >= (url.searchParams.get('since') ?? ''))
    const from = (Number(url.searchParams.get('page')) - 1) * pageRows
    const data = wanted.slice(from, from + pageRows)
    return json({ total: wanted.length, data: data.map(({ id, name, updatedAt }) => ({ id, name, updated_at: updatedAt })) })
  })
  const { protocol, port } = new URL(server.url)
  const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: Number(port) } })
  return {
    proxy,
    hidesChanges: !isEncrypted,
    connection: `rest({
      baseUrl: env('URL'), allowPrivate: true, timeouts: { connectMs: 2500, headersMs: 1500, idleMs: 1500 },
      ${isEncrypted ? "authority: env('CA')," : ''}
    })`,
    extraction: `source.get('/items', {
      page: { parameter: 'page', total: '$.total' }, window: { from: 'since' }, records: '$.data[*]', columns,
    }), { description: 'Items', cursor: { column: 'updated_at', overlap: 1 } }`,
    environment: { URL: `${protocol}//${proxy.host}:${proxy.port}/v1`, CA: join(folder, 'tls.crt') },
    offer: async (batch) => void rows.push(...batch.rows),
    async stop() {
      await proxy.close()
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
