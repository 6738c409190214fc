import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SluiceError } from '../../errors.ts'
import type { PooledConnection } from './connection-pool.ts'
import type { FoundFile } from './file-store.ts'
import { RemoteStore } from './remote-store.ts'

const broken = new SluiceError('SOURCE_UNREACHABLE', 'The connection broke.', { hint: 'Run it again.' })
const signal = new AbortController().signal

class FakeConnection implements PooledConnection {
  isUsable = true
  isClosed = false
  failure: unknown
  readonly failed = Promise.withResolvers<never>()

  constructor() {
    this.failed.promise.catch(() => {})
  }

  fail(failure: unknown): void {
    this.isUsable = false
    this.failed.reject(failure)
  }

  close(): void {
    this.isClosed = true
  }
}

/** A server whose files give their chunks when the test lets them. */
class FakeServer {
  readonly connections: FakeConnection[] = []
  readonly begun: string[] = []
  /** How many more connections it lets in. */
  accepts = Number.POSITIVE_INFINITY
  /** What a file waits for before its first chunk. */
  readonly gates = new Map<string, Promise<unknown>>()
  readonly sizes = new Map<string, number>()
  /** The bytes that each file gave. */
  readonly given = new Map<string, number>()

  store(connections: number) {
    const transport = {
      label: 'fake://host/in',
      connect: async () => {
        if (this.accepts-- <= 0) throw broken
        const connection = new FakeConnection()
        this.connections.push(connection)
        return connection
      },
      check: async () => {},
      list: async () => ({ files: [], seen: 0 }),
      read: (connection: FakeConnection, file: FoundFile) => this.#read(connection, file),
    }
    return new RemoteStore(transport, connections)
  }

  async *#read(connection: FakeConnection, { id }: FoundFile): AsyncGenerator<Uint8Array> {
    this.begun.push(id)
    await Promise.race([this.gates.get(id), connection.failed.promise])
    const chunk = 1024 * 1024
    for (let rest = this.sizes.get(id) ?? 10; rest > 0; rest -= chunk) {
      await Promise.race([turn(), connection.failed.promise])
      this.given.set(id, (this.given.get(id) ?? 0) + Math.min(rest, chunk))
      yield Buffer.alloc(Math.min(rest, chunk), id)
    }
  }
}

function file(id: string): FoundFile {
  return { id, path: id, bytes: 10, modifiedNs: 0n, version: undefined }
}

const files = ['a', 'b', 'c', 'd', 'e'].map(file)

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of chunks) bytes += chunk.length
  return bytes
}

async function readInOrder(store: ReturnType<FakeServer['store']>, given: readonly FoundFile[] = files): Promise<string> {
  const texts: string[] = []
  for (const [index, each] of given.entries()) {
    for await (const chunk of store.read(each, signal, given.slice(index + 1))) texts.push(Buffer.from(chunk).toString()[0] ?? '')
  }
  return texts.join('')
}

async function settle(): Promise<void> {
  for (let times = 0; times < 20; times++) await turn()
}

test.each([
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 3],
])('with %i connections, %i are open for the files of one reading, in their order', async (limit, open) => {
  const server = new FakeServer()
  const store = server.store(limit)
  expect(await readInOrder(store)).toBe('abcde')
  expect(server.connections.length).toBe(open)
  await store.close()
  expect(server.connections.every(({ isClosed }) => isClosed)).toBe(true)
})

test('what is read ahead waits at 4 MiB for its turn', async () => {
  const server = new FakeServer()
  const [a = file('a'), b = file('b')] = files
  server.sizes.set('b', 20 * 1024 * 1024)
  const store = server.store(4)
  const reading = store.read(a, signal, [b])
  await reading.next()
  await settle()
  expect(server.begun).toEqual(['a', 'b'])
  expect(server.given.get('b')).toBe(4 * 1024 * 1024)
  expect(await bytesOf(reading)).toBe(0)
  expect(await bytesOf(store.read(b, signal))).toBe(20 * 1024 * 1024)
  expect(server.begun).toEqual(['a', 'b'])
})

test('a file that is read ahead in vain is begun anew in its turn', async () => {
  const server = new FakeServer()
  server.accepts = 1
  const store = server.store(4)
  expect(await readInOrder(store)).toBe('abcde')
  expect(server.connections.length).toBe(1)
})

test('a file that breaks in its middle, read ahead, rejects', async () => {
  const server = new FakeServer()
  server.sizes.set('b', 20 * 1024 * 1024)
  const store = server.store(4)
  const [a = file('a'), b = file('b')] = files
  await bytesOf(store.read(a, signal, [b]))
  const reading = store.read(b, signal, [])[Symbol.asyncIterator]()
  await reading.next()
  for (const connection of server.connections) connection.fail(broken)
  await expect(async () => {
    while (!(await reading.next()).done);
  }).rejects.toBe(broken)
})

test('another reading gets the connection that reading ahead leaves free', async () => {
  const server = new FakeServer()
  for (const { id } of files.slice(1)) server.gates.set(id, new Promise(() => {}))
  const store = server.store(4)
  const reading = store.read(file('a'), signal, files.slice(1))
  await reading.next()
  await settle()
  expect(server.begun).toEqual(['a', 'b', 'c'])
  expect(await bytesOf(store.read(file('other'), signal))).toBe(10)
  await reading.return(undefined)
})

test('an abort ends what waits for a connection, what reads and what reads ahead', async () => {
  const server = new FakeServer()
  for (const { id } of files) server.gates.set(id, new Promise(() => {}))
  const store = server.store(1)
  const controller = new AbortController()
  const readings = files.slice(0, 2).map((each) => bytesOf(store.read(each, controller.signal)))
  const outcomes = Promise.allSettled(readings)
  await settle()
  expect(server.begun).toEqual(['a'])
  controller.abort()
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } })
  server.gates.clear()
  expect(await bytesOf(store.read(file('a'), signal))).toBe(10)
  expect(server.connections.length).toBe(2)
})

test('a reader who stops ends also what is read ahead, and frees the connections', async () => {
  const server = new FakeServer()
  for (const id of ['b', 'c']) server.gates.set(id, new Promise(() => {}))
  const store = server.store(4)
  for await (const _chunk of store.read(files[0] ?? file('a'), signal, files.slice(1))) {
    await settle()
    break
  }
  expect(server.begun.toSorted()).toEqual(['a', 'b', 'c'])
  await settle()
  server.gates.clear()
  expect(await readInOrder(store)).toBe('abcde')
  expect(server.connections.filter(({ isUsable }) => isUsable).length).toBeLessThanOrEqual(3)
})

test('a file that was read ahead and is passed over frees its connection', async () => {
  const server = new FakeServer()
  for (const id of ['b', 'c', 'd', 'e']) server.sizes.set(id, 20 * 1024 * 1024)
  const store = server.store(3)
  const [a = file('a'), ...rest] = files
  await bytesOf(store.read(a, signal, rest))
  await settle()
  expect(server.begun).toEqual(['a', 'b'])
  const [, c = file('c'), d = file('d')] = rest
  const reading = store.read(c, signal, [d])
  await reading.next()
  await settle()
  expect(server.begun).toEqual(['a', 'b', 'c', 'd'])
  await reading.return(undefined)
})

test('a lost connection is not used again', async () => {
  const server = new FakeServer()
  const store = server.store(2)
  await bytesOf(store.read(file('a'), signal))
  server.connections[0]?.fail(broken)
  await bytesOf(store.read(file('b'), signal))
  expect(server.connections.length).toBe(2)
})
