import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { receive, SpareBodies } from './receive.ts'

let server: Server
let agent: Agent
let answer: (response: ServerResponse) => void
beforeEach(async () => {
  server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  agent = new Agent({ connect: { timeout: 60_000 } })
})
afterEach(async () => {
  await agent.destroy()
  server.closeAllConnections()
  server.close()
})

const get = (signal: AbortSignal, port = (server.address() as AddressInfo).port) =>
  receive(agent, { origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' }, signal, new SpareBodies())

test.each([
  ['with its length', { 'content-length': '300000' }],
  ['in chunks', {}],
])('an answer %s is gathered', async (_, headers) => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
  answer = (response) => {
    response.writeHead(201, headers)
    response.write(body.subarray(0, 5))
    response.end(body.subarray(5))
  }
  const received = await get(new AbortController().signal)
  expect(received.status).toBe(201)
  expect(received.body.equals(body)).toBe(true)
})

test('what comes before the answer is not the answer', async () => {
  answer = (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('late')
  }
  const { status, body } = await get(new AbortController().signal)
  expect([status, body.toString()]).toEqual([200, 'late'])
})

test('an abort ends it with the reason: before the connection, and in the middle of the answer', async () => {
  const early = new AbortController()
  // Nothing answers there, and the connection would be waited for.
  const connecting = receive(agent, { origin: 'http://192.0.2.1', path: '/', method: 'GET' }, early.signal, new SpareBodies())
  early.abort(new Error('not wanted'))
  await expect(connecting).rejects.toThrow('not wanted')
  const late = new AbortController()
  answer = (response) => void response.write('begun', () => late.abort(new Error('enough')))
  await expect(get(late.signal)).rejects.toThrow('enough')
})

test('memory that was given back is used for an answer of about the same length, and nothing of the one before is seen', async () => {
  const spares = new SpareBodies()
  const ask = (text: string) => {
    answer = (response) => response.writeHead(200, { 'content-length': text.length }).end(text)
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return receive(agent, { origin, path: '/', method: 'GET' }, new AbortController().signal, spares)
  }
  const { body: long } = await ask('x'.repeat(30_000))
  const { body: other } = await ask('y'.repeat(30_000))
  expect(other.buffer).not.toBe(long.buffer)
  spares.give(long)
  const { body: short } = await ask('z'.repeat(20_000))
  expect(short.buffer).toBe(long.buffer)
  expect(short.toString()).toBe('z'.repeat(20_000))
  spares.give(short)
  const { body: tiny } = await ask('tiny')
  expect(tiny.buffer).not.toBe(long.buffer)
})
