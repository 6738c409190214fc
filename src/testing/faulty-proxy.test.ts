import { randomBytes } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FaultyProxy, openFaultyProxy, seededFault } from './faulty-proxy.ts'

const sent = randomBytes(300_000)
let server: Server
let received: Buffer[]
let serverSockets: Socket[]
let proxy: FaultyProxy

/** Answers the first byte with the whole file, and ends. */
beforeEach(async () => {
  received = []
  serverSockets = []
  server = createServer((socket) => {
    serverSockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => socket.end(sent))
    socket.on('data', (bytes) => received.push(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: address.port } })
})

afterEach(async () => {
  await proxy.close()
  for (const socket of serverSockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** What a client gets who asks with these bytes, and how it ends; `silent` when nothing more comes. */
function ask(question: Uint8Array | string): Promise<{ readonly bytes: Buffer; readonly end: string }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(proxy.port, proxy.host, () => socket.write(question))
    const over = (end: string) => {
      resolve({ bytes: Buffer.concat(chunks), end })
      socket.destroy()
    }
    socket.setTimeout(300, () => over('silent'))
    socket.on('data', (bytes) => chunks.push(bytes))
    socket.on('end', () => over('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => over(error.code ?? ''))
  })
}

test('without a fault everything passes', async () => {
  expect(await ask('?')).toEqual({ bytes: sent, end: 'end' })
  expect([proxy.hasFired, proxy.passed('to-client'), proxy.passed('to-server')]).toEqual([false, sent.length, 1])
})

describe('on the way to the client', () => {
  test.each([
    ['cut', 'end'],
    ['reset', 'ECONNRESET'],
    ['stall', 'silent'],
  ] as const)('%s', async (kind, end) => {
    proxy.set({ kind, direction: 'to-client', afterBytes: 123_456 })
    const got = await ask('?')
    expect(got.end).toBe(end)
    expect(got.bytes.equals(sent.subarray(0, got.bytes.length))).toBe(true)
    // A reset may overtake the bytes before it.
    if (kind === 'reset') expect(got.bytes.length).toBeLessThanOrEqual(123_456)
    else expect(got.bytes.length).toBe(123_456)
    expect(proxy.hasFired).toBe(true)
    // It happens once: the next one passes.
    expect((await ask('?')).bytes.equals(sent)).toBe(true)
  })

  test('corrupt changes one bit of the byte', async () => {
    proxy.set({ kind: 'corrupt', direction: 'to-client', afterBytes: 200_000 })
    const { bytes, end } = await ask('?')
    const expected = Buffer.from(sent)
    expected[200_000] = (expected[200_000] ?? 0) ^ 1
    expect(bytes.equals(expected)).toBe(true)
    expect([end, proxy.hasFired]).toEqual(['end', true])
  })

  test('slow brings everything, late', async () => {
    proxy.set({ kind: 'slow', direction: 'to-client', afterBytes: 100_000 })
    const begun = performance.now()
    expect((await ask('?')).bytes.equals(sent)).toBe(true)
    // 200,000 bytes, 4,096 every 10 ms.
    expect(performance.now() - begun).toBeGreaterThan(300)
    expect(proxy.hasFired).toBe(true)
  })

  test('a fault behind the last byte does not happen', async () => {
    proxy.set({ kind: 'cut', direction: 'to-client', afterBytes: sent.length })
    expect((await ask('?')).bytes.equals(sent)).toBe(true)
    expect(proxy.hasFired).toBe(false)
  })
})

test('on the way to the server, counted over connections', async () => {
  proxy.set({ kind: 'cut', direction: 'to-server', afterBytes: 7 })
  expect((await ask('12345')).bytes.equals(sent)).toBe(true)
  expect(proxy.hasFired).toBe(false)
  received = []
  await ask('abcde')
  await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe('ab'))
  expect(proxy.hasFired).toBe(true)
})

test('a seed always means the same fault, within its reach', () => {
  const reach = { 'to-client': 1000, 'to-server': 10 }
  const kinds = ['cut', 'stall'] as const
  const faults = Array.from({ length: 200 }, (_, seed) => seededFault(seed, kinds, reach))
  expect(faults).toEqual(Array.from({ length: 200 }, (_, seed) => seededFault(seed, kinds, reach)))
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(kinds))
  expect(new Set(faults.map(({ direction }) => direction))).toEqual(new Set(['to-client', 'to-server']))
  expect(faults.every(({ direction, afterBytes }) => afterBytes < reach[direction])).toBe(true)
  expect(new Set(faults.map(({ afterBytes }) => afterBytes)).size).toBeGreaterThan(100)
})
