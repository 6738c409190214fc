/** The catalogue's paged HTTP API, in this process. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

export interface ApiOptions {
  /** The folder of `products-<date>.jsonl`; the API serves the newest. */
  readonly folder: string
  readonly key: string
  readonly port?: number
}

/**
 * `GET /products?page=1&size=100` answers `{"total":520,"products":[…]}`, the numbers as they stand in the file. Without
 * the key in `X-Api-Key` it answers 401; every fifth request it is too busy and says with 429 when to come back.
 */
export function startApi({ folder, key, port = 0 }: ApiOptions): Promise<RunningServer> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    if (!isKey(request.headers['x-api-key'], key)) return answer(response, 401, '{"error":"the key is wrong"}')
    if (requests % 5 === 0) return answer(response.setHeader('Retry-After', '1'), 429, '{"error":"too many requests"}')
    return answer(response, 200, productsPage(folder, request))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve({ port: portOf(server.address()), close: () => closed(server) }))
  })
}

function productsPage(folder: string, request: IncomingMessage): string {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const [page, size] = [Number(searchParams.get('page') ?? 1), Number(searchParams.get('size') ?? 100)]
  const newest =
    readdirSync(folder)
      .filter((name) => name.startsWith('products-'))
      .sort()
      .at(-1) ?? ''
  const lines = readFileSync(join(folder, newest), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const rows = lines.slice((page - 1) * size, page * size)
  return `{"total":${lines.length},"products":[${rows.join(',')}]}`
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
}

/** Whether a secret is the right one, in the same time for every wrong one. */
export function isKey(given: string | string[] | undefined, key: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(key))
}

export function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}

export function closed(server: { close(done: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
