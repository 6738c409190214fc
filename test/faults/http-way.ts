import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRest } from '../../src/sources/rest.ts'
import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { makeCertificate } from '../fixtures/certificate.ts'
import { column, restResource } from '../fixtures/rest-reading.ts'
import { json, restServer } from '../fixtures/rest-server.ts'
import type { Way } from './seeded-transfers.ts'

const [pages, pageRows] = [12, 300]

/** A paged API with a declared total. Without TLS a changed byte may be another right answer, and so nothing is changed. */
export async function httpWay(encryption: 'TLS' | 'none'): Promise<Way> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-http-'))
  await makeCertificate(folder)
  const tls = { key: await readFile(join(folder, 'tls.key'), 'utf8'), cert: await readFile(join(folder, 'tls.crt'), 'utf8') }
  const server = await restServer(encryption === 'TLS' ? tls : undefined)
  const rows = Array.from({ length: pages * pageRows }, (_, id) => [String(id), `the name of item number ${id}`] as const)
  server.answer(({ url }) => {
    const page = Number(url.searchParams.get('page'))
    const data = rows.slice((page - 1) * pageRows, page * pageRows).map(([id, name]) => ({ id: Number(id), name }))
    return json({ total: rows.length, data })
  })
  const { protocol, port } = new URL(server.url)
  const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: Number(port) } })
  const page = { by: 'number', parameter: 'page', total: '$.total' }
  return {
    proxy,
    rows,
    resource: restResource({ options: { page }, columns: [column('id'), column('name')] }),
    kinds: encryption === 'TLS' ? ['cut', 'reset', 'stall', 'slow', 'corrupt'] : ['cut', 'reset', 'stall', 'slow'],
    open: ({ connectTimeoutMs, idleTimeoutMs }) =>
      openRest({
        baseUrl: `${protocol}//${proxy.host}:${proxy.port}/v1`,
        allowPrivate: true,
        timeouts: { connectMs: connectTimeoutMs, headersMs: idleTimeoutMs, idleMs: idleTimeoutMs },
        ...(encryption === 'TLS' && { authority: join(folder, 'tls.crt') }),
      }),
    async stop() {
      await proxy.close()
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
