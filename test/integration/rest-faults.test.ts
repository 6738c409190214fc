import { constants, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SluiceError } from '../../src/errors.ts'
import { openRest } from '../../src/sources/rest.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type Asked, readRest, refusal, restResource } from '../fixtures/rest-reading.ts'
import { type Answer, type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
beforeEach(async () => {
  server = await restServer()
})
afterEach(() => server.close())

const item = (id: number) => ({ id, name: `the name of item number ${id}` })
const items = (from: number, count: number) => Array.from({ length: count }, (_, index) => item(from + index))
const whole = JSON.stringify({ data: items(1, 50) })
const pageOf = ({ url }: Got) => Number(url.searchParams.get('page'))
const byNumber = { options: { page: { by: 'number', parameter: 'page' } } }
const byTotal = { options: { page: { by: 'number', parameter: 'page', total: '$.total' } } }

const refused = (asked: Asked = {}, options = {}) => refusal(readRest({ baseUrl: server.url, ...options }, asked))

interface Fault {
  readonly name: string
  readonly answer: (got: Got) => Answer
  readonly asked?: Asked
  readonly options?: object
  readonly code: SluiceError['code']
  readonly message: string
  readonly hint?: string
}

const faults: readonly Fault[] = [
  { name: '401', answer: () => ({ status: 401 }), code: 'SOURCE_DENIED', message: 'was answered with 401', hint: 'credentials' },
  { name: '403', answer: () => ({ status: 403 }), code: 'SOURCE_DENIED', message: 'was answered with 403' },
  { name: '404', answer: () => ({ status: 404 }), code: 'RESOURCE_NOT_FOUND', message: 'was answered with 404', hint: 'emptyOn' },
  { name: '410', answer: () => ({ status: 410 }), code: 'RESOURCE_NOT_FOUND', message: 'was answered with 410' },
  {
    name: '400 with a reason',
    answer: () => ({ status: 400, body: '{"message":"unknown\\ncountry"}' }),
    code: 'SOURCE_FAILED',
    message: 'was answered with 400: {"message":"unknown\\ncountry"}',
  },
  { name: '500', answer: () => ({ status: 500, body: '<h1>' }), code: 'SOURCE_UNREACHABLE', message: 'was answered with 500.' },
  {
    name: '204',
    answer: () => ({ status: 204 }),
    code: 'RESPONSE_INVALID',
    message: '204 where an answer with records',
    hint: 'emptyOn',
  },
  { name: '200 and nothing', answer: () => ({}), code: 'RESPONSE_INVALID', message: '200 and nothing else' },
  {
    name: 'a page to log in',
    answer: () => ({ headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<!doctype html><p>Sign in' }),
    code: 'RESPONSE_INVALID',
    message: 'a page of HTML',
    hint: 'log in',
  },
  {
    name: 'XML that says it is JSON',
    answer: () => ({ body: ' <a/>' }),
    code: 'RESPONSE_INVALID',
    message: 'a page of HTML or XML',
  },
  { name: 'no JSON', answer: () => ({ body: 'Please wait' }), code: 'RESPONSE_INVALID', message: 'no JSON (application/json)' },
  {
    name: 'an error body with 200',
    answer: () => json({ error: { code: 7, text: 'no such category' } }),
    code: 'RESPONSE_INVALID',
    message: 'no records at $.data[*], but error {"code":7,"text":"no such category"}.',
  },
  {
    name: 'records in another place, whose values concern nobody',
    answer: () => json({ items: [{ name: 'Jane Roe' }], page: 1 }),
    code: 'RESPONSE_INVALID',
    message: 'no records at $.data[*], but the members items, page.',
  },
  { name: 'NULL for the records', answer: () => json({ data: null }), code: 'RESPONSE_INVALID', message: 'NULL at $.data[*]' },
  {
    name: 'errors beside records',
    answer: () => json({ errors: [{ message: 'partial' }], data: [] }),
    asked: { options: { errors: '$.errors' } },
    code: 'RESPONSE_INVALID',
    message: 'says at $.errors: [{"message":"partial"}]',
  },
  {
    name: 'a text in another encoding',
    answer: () => ({
      headers: { 'content-type': 'application/json; charset=iso-8859-1' },
      body: Buffer.from('{"data":["\xe9"]}', 'latin1'),
    }),
    code: 'RESPONSE_INVALID',
    message: 'charset=iso-8859-1',
  },
  {
    name: 'an unknown content encoding',
    answer: () => ({ headers: { 'content-encoding': 'compress' }, body: whole }),
    code: 'RESPONSE_INVALID',
    message: 'the content encoding compress',
  },
  {
    name: 'a content encoding that is another one',
    answer: () => ({ headers: { 'content-encoding': 'gzip' }, body: whole }),
    code: 'RESPONSE_INVALID',
    message: 'not the gzip it says',
  },
  {
    name: 'gzip that does not say so',
    answer: () => ({ body: gzipSync(whole) }),
    code: 'RESPONSE_INVALID',
    message: 'gzip data that do not say so',
  },
  {
    name: 'gzip that was cut before it was sent',
    answer: () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(whole).subarray(0, 100) }),
    code: 'SOURCE_UNREACHABLE',
    message: 'in the middle of its gzip data',
  },
  {
    name: 'a gzip bomb',
    answer: () => ({
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(50_000_000), { level: constants.Z_BEST_SPEED }),
    }),
    options: { maxPageBytes: 1_000_000 },
    code: 'RESPONSE_INVALID',
    message: 'more bytes than a page may have',
    hint: 'maxPageBytes',
  },
  {
    name: 'an answer over the limit',
    answer: () => ({ body: whole }),
    options: { maxPageBytes: 1_000 },
    code: 'RESPONSE_INVALID',
    message: 'more bytes than a page may have',
  },
  {
    name: 'a body cut before it was sent',
    answer: () => ({ body: whole.slice(0, -7) }),
    code: 'SOURCE_UNREACHABLE',
    message: 'ends in the middle',
  },
  {
    name: 'fewer bytes than the content-length',
    answer: () => (response) => {
      response.writeHead(200, { 'content-length': String(whole.length) })
      response.write(whole.slice(0, 700), () => response.destroy())
    },
    code: 'SOURCE_UNREACHABLE',
    message: 'the connection ended before the answer did',
  },
  {
    name: 'chunks that end too early',
    answer: () => (response, socket) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' })
      response.write(whole, () => socket.destroy())
    },
    code: 'SOURCE_UNREACHABLE',
    message: 'the connection ended before the answer did',
  },
  {
    name: 'a body without a length, cut',
    answer: () => (_, socket) => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${whole.slice(0, 700)}`),
    code: 'SOURCE_UNREACHABLE',
    message: 'ends in the middle, after 700 bytes',
  },
  {
    name: 'a reset',
    answer: () => (_, socket) => socket.resetAndDestroy(),
    code: 'SOURCE_UNREACHABLE',
    message: ':',
  },
  {
    name: 'no HTTP',
    answer: () => (_, socket) => socket.end('220 ready\r\n'),
    code: 'SOURCE_UNREACHABLE',
    message: ':',
  },
  {
    name: 'headers that do not come',
    answer: () => () => {},
    options: { timeouts: { headersMs: 200 } },
    code: 'SOURCE_UNREACHABLE',
    message: 'no answer began in time',
  },
  {
    name: 'a body that stops',
    answer: () => (response) => void response.write('{"data":['),
    options: { timeouts: { idleMs: 200 } },
    code: 'SOURCE_UNREACHABLE',
    message: 'the answer stopped in the middle',
  },
  {
    name: 'a body that trickles',
    answer: () => (response) => {
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
    },
    options: { timeouts: { idleMs: 1_000, totalMs: 400 } },
    code: 'SOURCE_UNREACHABLE',
    message: 'took longer than 400 ms',
  },
  {
    name: 'one page again and again',
    answer: () => json({ data: items(1, 5) }),
    asked: byNumber,
    code: 'RESPONSE_INVALID',
    message: 'sent page 1 again as page 2',
    hint: 'paging',
  },
  {
    name: 'the last page again and again, in another envelope',
    answer: (got) => json({ at: pageOf(got), data: items(Math.min(pageOf(got), 3) * 5, 5) }),
    asked: byNumber,
    code: 'RESPONSE_INVALID',
    message: 'sent page 3 again as page 4',
  },
  {
    name: 'links in a circle',
    answer: ({ url }) =>
      json({
        data: [item(Number(url.searchParams.get('p') ?? 0))],
        next: `?p=${((Number(url.searchParams.get('p')) + 1) % 3) + 1}`,
      }),
    asked: { options: { page: { by: 'link', next: '$.next' } } },
    code: 'RESPONSE_INVALID',
    message: 'to a page that was read before',
  },
  {
    name: 'a cursor that stays',
    answer: () => json({ data: [item(server.got.length)], next: 'abc' }),
    asked: { options: { page: { by: 'cursor', parameter: 'c', next: '$.next' } } },
    code: 'RESPONSE_INVALID',
    message: 'to a page that was read before',
  },
  {
    name: 'cursors without end and without rows',
    answer: () => json({ data: [], next: server.got.length }),
    asked: { options: { page: { by: 'cursor', parameter: 'c', next: '$.next' } } },
    code: 'RESPONSE_INVALID',
    message: '1000 pages without a row',
  },
  {
    name: 'pages without end',
    answer: () => json({ data: [item(server.got.length)], next: server.got.length }),
    asked: { options: { page: { by: 'cursor', parameter: 'c', next: '$.next' }, maxPages: 7 } },
    code: 'RESPONSE_INVALID',
    message: 'more than 7 pages',
    hint: 'maxPages',
  },
  {
    name: 'a link that is none',
    answer: () => json({ data: [item(1)], next: 'javascript:alert(1)' }),
    asked: { options: { page: { by: 'link', next: '$.next' } } },
    code: 'RESPONSE_INVALID',
    message: 'names a next page that is no address',
  },
  {
    name: 'a total that is not there',
    answer: () => json({ data: [item(1)] }),
    asked: byTotal,
    code: 'RESPONSE_INVALID',
    message: 'has no total at $.total',
  },
  {
    name: 'fewer rows than the total',
    answer: (got) => json({ total: 6, data: pageOf(got) < 3 ? items(pageOf(got) * 2, 2) : [] }),
    asked: byTotal,
    code: 'RESPONSE_INVALID',
    message: 'declared 6 rows but sent 4 in 3 pages',
  },
  {
    name: 'more rows than the total',
    answer: (got) => json({ total: 3, data: items(pageOf(got) * 2, 2) }),
    asked: byTotal,
    code: 'RESPONSE_INVALID',
    message: 'declared 3 rows but sent 4 in 2 pages',
  },
  {
    name: 'fewer rows by cursor than the total',
    answer: () => json({ total: 6, data: items(server.got.length, 1), next: server.got.length < 5 ? server.got.length : null }),
    asked: { options: { page: { by: 'cursor', parameter: 'c', next: '$.next', total: '$.total' } } },
    code: 'RESPONSE_INVALID',
    message: 'declared 6 rows but sent 5',
  },
  {
    name: 'a total that shrinks',
    answer: (got) => json({ total: 10 - pageOf(got), data: items(pageOf(got) * 3, 3) }),
    asked: byTotal,
    code: 'SOURCE_CHANGED',
    message: 'declared 9 rows, and then 8',
    hint: 'cursor',
  },
]

describe('what an API does wrong is named', () => {
  test.each(faults)('$name', async ({ answer, asked, options, code, message, hint }) => {
    server.answer(answer)
    const error = await refused(asked, options)
    expect({ code: error.code, message: error.message }).toEqual({ code, message: expect.stringContaining(message) })
    expect(error.message).toContain('/v1/items')
    expect(error.hint).toContain(hint ?? '')
  })
})

describe('what means that there are no rows', () => {
  test.each([
    [204, { status: 204 }],
    [404, { status: 404, body: '{"error":"none"}' }],
    ['null', json({ data: null })],
  ] as const)('%s, when it is listed', async (listed, answer) => {
    server.answer(() => answer)
    const read = await readRest({ baseUrl: server.url }, { options: { emptyOn: [listed] } })
    expect([read.rows, read.notices]).toEqual([[], []])
  })

  test('behind the last page, where the total is not told any more', async () => {
    server.answer((got) => (pageOf(got) < 3 ? json({ data: items(pageOf(got) * 2, 2), total: 5 }) : { status: 404 }))
    const asked = { options: { ...byTotal.options, emptyOn: [404] } }
    expect(await refused(asked)).toMatchObject({ message: expect.stringContaining('declared 5 rows but sent 4') })
  })
})

describe('pages that move while they are read', () => {
  test('T64: rows put in at the front are said, and none is lost', async () => {
    let first = 1
    server.answer((got) => {
      const page = pageOf(got)
      if (page === 2) first -= 2
      const from = first + (page - 1) * 5
      return json({ data: items(from, Math.max(0, Math.min(5, 21 - from))) })
    })
    const { rows, notices } = await readRest({ baseUrl: server.url }, byNumber)
    const ids = rows.map(([id]) => Number(id))
    expect(new Set(ids)).toEqual(new Set(Array.from({ length: 20 }, (_, index) => index + 1)))
    expect(notices[0]).toContain('page 2 begins with a record of the page before')
  })

  test('a total that grows is said, and balanced as it was last', async () => {
    server.answer((got) => json({ data: items(pageOf(got) * 2, 2), total: pageOf(got) === 1 ? 5 : 6 }))
    const { expectedRows, notices } = await readRest({ baseUrl: server.url }, byTotal)
    expect(expectedRows).toBe(6)
    expect(notices).toEqual([expect.stringContaining('declared 5 rows, and then 6')])
  })
})

describe('records that do not fit', () => {
  test('are refused one by one, with their place and reason', async () => {
    const deep = `${'['.repeat(600)}${']'.repeat(600)}`
    server.answer(() => ({ body: `{"data":[{"id":1},null,{"id":"\\ud800"},{"id":1,"id":2},{"id":${deep}},{"id":3}]}` }))
    const { rows, rejects } = await readRest({ baseUrl: server.url })
    expect(rows.map(([id]) => id)).toEqual(['1', '3'])
    expect(rejects.map(({ row, causes }) => [row, causes[0]?.code, causes[0]?.column])).toEqual([
      [2, 'MALFORMED', undefined],
      [3, 'ENCODING', 'id'],
      [4, 'DUPLICATE_MEMBER', 'id'],
      [5, 'MALFORMED', undefined],
    ])
    expect(rejects[0]).toEqual({ row: 2, causes: [{ code: 'MALFORMED' }], raw: 'null' })
  })
})

describe('a reading that is told to stop', () => {
  test.each(['an answer that does not come', 'a pause that the API asks for'])('during %s', async (what) => {
    server.answer(() => (what.startsWith('an') ? () => {} : json({}, { 'retry-after': '60' }, 429)))
    const controller = new AbortController()
    const source = await openRest({ baseUrl: server.url, allowPrivate: true })
    const opening = source.open(readRequest(restResource({}), { signal: controller.signal }))
    setTimeout(() => controller.abort(), 100)
    expect(await refusal(opening)).toMatchObject({ code: 'ABORTED' })
    await source.close()
  })
})
