import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RetryOptions, retrying } from '../../src/engine/retry.ts'
import { SluiceError } from '../../src/errors.ts'
import { openRest } from '../../src/sources/rest.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { readRest, refusal, restResource } from '../fixtures/rest-reading.ts'
import { type Answer, type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
let times: number[]
beforeEach(async () => {
  server = await restServer()
  times = []
})
afterEach(() => server.close())

const byNumber = { page: { by: 'number', parameter: 'page', total: '$.total' } }
const pageOf = ({ url }: Got) => Number(url.searchParams.get('page'))
const record = (got: Got) => json({ data: [{ id: pageOf(got), name: 'x' }], total: 4 })

/** Answers page 2 with these first. */
function interrupted(answers: readonly Answer[]) {
  const left = [...answers]
  return (got: Got) => {
    times.push(performance.now())
    return (pageOf(got) === 2 ? left.shift() : undefined) ?? record(got)
  }
}

/** How the engine tries a page again, without its pauses. */
function engine(tried: string[] = []): Pick<RetryOptions, 'signal'> & { retry: <T>(work: () => Promise<T>) => Promise<T> } {
  const { signal } = new AbortController()
  const policy = { attempts: 3, firstDelayMs: 1, deadlineMs: 60_000 }
  return { signal, retry: (work) => retrying(work, { policy, signal, onRetry: ({ code }) => void tried.push(code) }) }
}

describe('F29: an API that asks to wait', () => {
  test.each([429, 503, 408, 500])('seconds are waited for (%i)', async (status) => {
    server.answer(interrupted([{ status, headers: { 'retry-after': '1' } }]))
    const { rows } = await readRest({ baseUrl: server.url }, { options: byNumber })
    expect(rows.map(([id]) => id)).toEqual(['1', '2', '3', '4'])
    expect(server.got).toHaveLength(5)
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(990)
  })

  test('a date is waited for', async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000)
    server.answer(interrupted([{ status: 429, headers: { 'retry-after': date.toUTCString() } }]))
    expect((await readRest({ baseUrl: server.url }, { options: byNumber })).rows).toHaveLength(4)
    expect(Date.now()).toBeGreaterThanOrEqual(date.getTime())
  })

  test('429 without a time, and with none at all to wait, is waited for a little longer each time', async () => {
    server.answer(
      interrupted([
        { status: 429 },
        { status: 429, headers: { 'retry-after': '0' } },
        { status: 429, headers: { 'retry-after': 'soon' } },
      ]),
    )
    expect((await readRest({ baseUrl: server.url }, { options: byNumber })).rows).toHaveLength(4)
    const pauses = [1, 2, 3].map((index) => (times[index + 1] ?? 0) - (times[index] ?? 0))
    expect(pauses[0]).toBeGreaterThanOrEqual(120)
    expect(pauses[1]).toBeGreaterThanOrEqual(245)
    expect(pauses[2]).toBeGreaterThanOrEqual(495)
  })

  test('every request of the connection waits', async () => {
    server.answer(interrupted([{ status: 429, headers: { 'retry-after': '1' } }]))
    await readRest({ baseUrl: server.url }, { options: { ...byNumber, concurrency: 2 } })
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
  })

  test('longer than allowed is an end that says when to come back', async () => {
    server.answer(interrupted([{ status: 429, headers: { 'retry-after': '3600' } }]))
    const error = await refusal(readRest({ baseUrl: server.url }, { options: byNumber, request: engine() }))
    expect(error).toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('asks to wait 3600 s, longer than 300 s'),
    })
    expect(error.hint).toContain('Run it again in 3600 s')
    expect(server.got).toHaveLength(2)
  })

  test('again and again has an end too', async () => {
    server.answer(() => ({ status: 503, headers: { 'retry-after': '0' } }))
    const error = await refusal(readRest({ baseUrl: server.url, maxWaitMs: 400 }))
    expect(error).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('asks to wait again after 0.4 s in all'),
    })
  })
})

describe('what fails without a word to wait', () => {
  const failures: readonly (readonly [string, Answer])[] = [
    ['500', { status: 500 }],
    ['502', { status: 502 }],
    ['408', { status: 408 }],
    ['a reset', (_, socket) => void socket.resetAndDestroy()],
    [
      'a cut body',
      (response) => void response.writeHead(200, { 'content-length': '999' }).write('{"data":[', () => response.destroy()),
    ],
  ]
  test.each(failures)('%s is left to the engine, which asks for that page again', async (_, answer) => {
    const tried: string[] = []
    server.answer(interrupted([answer, answer]))
    const { rows } = await readRest({ baseUrl: server.url }, { options: byNumber, request: engine(tried) })
    expect(rows.map(([id]) => id)).toEqual(['1', '2', '3', '4'])
    expect(tried).toEqual(['SOURCE_UNREACHABLE', 'SOURCE_UNREACHABLE'])
    expect(server.got.map(pageOf)).toEqual([1, 2, 2, 2, 3, 4])
  })

  test('a storm ends after the tries of the policy, and is not begun anew around it', async () => {
    server.answer(() => ({ status: 502 }))
    const error = await refusal(engine().retry(() => readRest({ baseUrl: server.url }, { options: byNumber, request: engine() })))
    expect(error.code).toBe('SOURCE_UNREACHABLE')
    expect(server.got).toHaveLength(3)
  })
})

describe('a POST', () => {
  const post = (idempotent?: boolean) => ({
    options: { method: 'POST', body: { q: 1 }, ...(idempotent !== undefined && { idempotent }) },
    request: engine(),
  })
  test.each([{ status: 503 }, { status: 503, headers: { 'retry-after': '0' } }, { status: 429 }])(
    'that is not declared idempotent is sent once (%j)',
    async (answer) => {
      server.answer(() => answer)
      const error = await refusal(engine().retry(() => readRest({ baseUrl: server.url }, post())))
      expect(error.message).toContain(`was answered with ${answer.status}`)
      expect(error).toMatchObject({ code: 'SOURCE_FAILED', hint: expect.stringContaining('idempotent: true') })
      expect(server.got).toHaveLength(1)
    },
  )

  test('whose connection breaks is not tried again by anyone', async () => {
    server.answer(() => (_, socket) => void socket.resetAndDestroy())
    const error = await refusal(engine().retry(() => readRest({ baseUrl: server.url }, post())))
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', hint: expect.stringContaining('idempotent: true') })
    expect(server.got).toHaveLength(1)
  })

  test('that is, is tried again', async () => {
    let count = 0
    server.answer(() => {
      count += 1
      return count === 1 ? { status: 503 } : json({ data: [{ id: 1, name: 'x' }] })
    })
    expect((await readRest({ baseUrl: server.url }, post(true))).rows).toHaveLength(1)
    expect(server.got).toHaveLength(2)
  })
})

describe('a rate that is shared', () => {
  const locked = () => new SluiceError('CONTROL_FAILED', 'The control store did not answer in time.', { hint: 'Run it again.' })
  const resources = [
    ['a GET', { options: byNumber }],
    ['a POST that is sent once', { options: { ...byNumber, method: 'POST' } }],
  ] as const

  test.each(resources)('%s: without the control store nothing is sent', async (_, { options }) => {
    server.answer(record)
    const takeTurn = () => Promise.reject(locked())
    const connection = { baseUrl: server.url, rate: { perSecond: 1 }, takeTurn }
    const error = await refusal(readRest(connection, { options, request: engine() }))
    expect([error.code, server.got.length]).toEqual(['CONTROL_FAILED', 0])
  })

  test('a wait for a turn can be told to stop, even while the control store is silent', async () => {
    const controller = new AbortController()
    const connection = { baseUrl: server.url, rate: { perSecond: 1 }, takeTurn: () => new Promise<number>(() => {}) }
    const read = readRest(connection, { request: { signal: controller.signal } })
    setTimeout(() => controller.abort(), 50)
    expect(await refusal(read)).toMatchObject({ code: 'ABORTED' })
  })
})

describe('the rate', () => {
  test('holds for all resources of a connection together', async () => {
    server.answer(interrupted([]))
    const source = await openRest({ baseUrl: server.url, allowPrivate: true, rate: { perSecond: 4 } })
    await Promise.all(
      ['/a', '/b'].map(async (path) => {
        const reading = await source.open(readRequest(restResource({ path, options: byNumber })))
        for (const partition of reading.partitions) for await (const _ of reading.read(partition));
      }),
    )
    await source.close()
    expect(times).toHaveLength(8)
    for (const [index, time] of times.entries()) {
      // A request takes a moment to arrive, and not always the same.
      expect((times[index + 4] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(950)
    }
  })

  test('of a minute holds besides that of a second, and a wait for it can be told to stop', async () => {
    server.answer(record)
    const controller = new AbortController()
    const rate = { perSecond: 100, perMinute: 2 }
    const read = readRest({ baseUrl: server.url, rate }, { options: byNumber, request: { signal: controller.signal } })
    setTimeout(() => controller.abort(), 300)
    expect(await refusal(read)).toMatchObject({ code: 'ABORTED' })
    expect(server.got).toHaveLength(2)
  })
})
