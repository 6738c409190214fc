import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openRest } from '../../src/sources/rest.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { column, readRest, refusal, restResource } from '../fixtures/rest-reading.ts'
import { type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
beforeEach(async () => {
  server = await restServer()
})
afterEach(() => server.close())

const connection = () => ({ baseUrl: server.url })
const item = (id: number) => ({ id, name: `the name of item number ${id}` })
const items = (from: number, count: number) => Array.from({ length: count }, (_, index) => item(from + index))
const idsOf = ({ rows }: { readonly rows: readonly (readonly (string | null)[])[] }) => rows.map(([id]) => Number(id))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** A list of so many items, by page number from 1 and size. */
function numbered(count: number, size: number, extra: (page: number) => object = () => ({})) {
  return ({ url }: Got) => {
    const page = Number(url.searchParams.get('page'))
    const from = (page - 1) * size
    return json({ data: items(from + 1, Math.max(0, Math.min(size, count - from))), ...extra(page) })
  }
}

describe('requests', () => {
  test('have the parameters and headers of connection and resource', async () => {
    server.answer(() => json({ data: [item(1)] }))
    const options = { query: { country: 'US', tags: ['a b', 'c&d'], deep: true, n: 5 }, headers: { 'X-Of-Resource': 'r' } }
    await readRest({ ...connection(), headers: { 'X-Of-Connection': 'c' }, query: { lang: 'en' } }, { path: 'a b/ü', options })
    const [got] = server.got
    expect(got?.url.pathname).toBe('/v1/a%20b/%C3%BC')
    expect([...(got?.url.searchParams ?? [])]).toEqual([
      ['country', 'US'],
      ['tags', 'a b'],
      ['tags', 'c&d'],
      ['deep', 'true'],
      ['n', '5'],
      ['lang', 'en'],
    ])
    expect(got?.headers).toMatchObject({
      'x-of-resource': 'r',
      'x-of-connection': 'c',
      accept: 'application/json',
      'user-agent': 'sluice-etl',
      'accept-encoding': 'gzip, deflate, br, zstd',
    })
  })

  test('of a POST have a body, with the page set in it', async () => {
    server.answer(({ body }) => json({ data: JSON.parse(body).paging.page < 3 ? [item(JSON.parse(body).paging.page)] : [] }))
    const options = { method: 'POST', body: { q: 'x', paging: { size: 1 } }, page: { by: 'number', parameter: '$.paging.page' } }
    expect(idsOf(await readRest(connection(), { options }))).toEqual([1, 2])
    expect(server.got.map(({ method, body }) => [method, body])).toEqual(
      [1, 2, 3].map((page) => ['POST', JSON.stringify({ q: 'x', paging: { size: 1, page } })]),
    )
    expect(server.got[0]?.headers['content-type']).toBe('application/json')
  })

  test('values arrive as the API writes them', async () => {
    const record =
      '{"id":9007199254740993,"amount":1.10,"big":12345678901234567890.12345,"name":"\\u00e9\\n","more":{"x":[1, 2]},"no":null}'
    server.answer(() => ({ body: `{"data":[${record}]}` }))
    const columns = [
      ...['id', 'amount', 'big', 'name', 'more', 'no', 'gone'].map((name) => column(name)),
      column('x', '$.more.x'),
      column('raw', '$', { kind: 'json' }),
    ]
    const { rows } = await readRest(connection(), { columns })
    expect(rows).toEqual([
      ['9007199254740993', '1.10', '12345678901234567890.12345', 'é\n', '{"x":[1, 2]}', null, null, '[1, 2]', record],
    ])
  })

  test('what no column takes is counted and said', async () => {
    server.answer(() =>
      json({
        data: [
          { id: 1, color: 'red', size: 2 },
          { id: 2, color: null },
        ],
      }),
    )
    const { rows, notices } = await readRest(connection())
    expect(rows).toEqual([
      ['1', null],
      ['2', null],
    ])
    expect(notices).toEqual(['3 values of /items are in no column and were left out, of members such as color, size.'])
  })

  test.each(['gzip', 'deflate', 'br', 'zstd'])('an answer in %s is unpacked', async (encoding) => {
    const zlib = await import('node:zlib')
    const pack = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync, zstd: zlib.zstdCompressSync }[
      encoding
    ]
    const body = pack?.(Buffer.from(JSON.stringify({ data: items(1, 100) })))
    server.answer(() => ({ headers: { 'content-encoding': encoding }, body: body ?? '' }))
    expect(idsOf(await readRest(connection()))).toEqual(upTo(100))
  })
})

describe('pages by number', () => {
  const page = { by: 'number', parameter: 'page' }

  test('go to the first empty one', async () => {
    server.answer(numbered(10, 4))
    const read = await readRest(connection(), { options: { page } })
    expect(idsOf(read)).toEqual(upTo(10))
    expect(server.got.map(({ url }) => url.search)).toEqual(['?page=1', '?page=2', '?page=3', '?page=4'])
    expect(read.expectedRows).toBeUndefined()
    expect(read.notices).toEqual([expect.stringContaining('declares no total: rows that were deleted')])
  })

  test('go to the declared total, and not beyond', async () => {
    server.answer(numbered(10, 5, () => ({ meta: { total: 10 } })))
    const read = await readRest(connection(), { options: { page: { ...page, total: '$.meta.total' } } })
    expect(idsOf(read)).toEqual(upTo(10))
    expect([server.got.length, read.expectedRows, read.notices]).toEqual([2, 10, []])
  })

  test('with a total in a header, from 0 and with a size', async () => {
    server.answer(({ url }) => {
      const from = Number(url.searchParams.get('p')) * 3
      return json({ data: items(from + 1, Math.min(3, 7 - from)) }, { 'X-Total-Count': '7' })
    })
    const options = { page: { by: 'number', parameter: 'p', from: 0, size: 3, sizeParameter: 'n', total: 'X-Total-Count' } }
    expect(idsOf(await readRest(connection(), { options }))).toEqual(upTo(7))
    expect(server.got.map(({ url }) => url.search)).toEqual(['?p=0&n=3', '?p=1&n=3', '?p=2&n=3'])
  })

  test('several at once keep their order, and only the total decides how many', async () => {
    let [open, most] = [0, 0]
    server.answer(async (got) => {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30))
      open -= 1
      return numbered(50, 4, () => ({ total: 50 }))(got)
    })
    const read = await readRest(connection(), { options: { page: { ...page, total: '$.total' }, concurrency: 4 } })
    expect(idsOf(read)).toEqual(upTo(50))
    expect(server.got.map(({ url }) => Number(url.searchParams.get('page'))).sort((a, b) => a - b)).toEqual(upTo(13))
    expect(most).toBe(4)
  })

  test('several at once without a total stop at the first empty one', async () => {
    server.answer(numbered(10, 4))
    expect(idsOf(await readRest(connection(), { options: { page, concurrency: 3 } }))).toEqual(upTo(10))
    expect(server.got.length).toBeLessThanOrEqual(6)
  })

  test('a page that the API filled only in part is not the last', async () => {
    const pages = [items(1, 4), items(5, 1), items(6, 4), []]
    server.answer(({ url }) => json({ data: pages[Number(url.searchParams.get('page')) - 1] }))
    expect(idsOf(await readRest(connection(), { options: { page } }))).toEqual(upTo(9))
  })
})

describe('pages by offset', () => {
  const offsets = (count: number, most: number) => (got: Got) => {
    const [from, limit] = [Number(got.url.searchParams.get('offset')), Number(got.url.searchParams.get('limit'))]
    return json({ data: items(from + 1, Math.max(0, Math.min(limit, most, count - from))), total: count })
  }
  const page = { by: 'offset', parameter: 'offset', size: 5, sizeParameter: 'limit' }

  test('go on behind what came, also when the API gives less than it is asked for', async () => {
    server.answer(offsets(11, 3))
    expect(idsOf(await readRest(connection(), { options: { page } }))).toEqual(upTo(11))
    expect(server.got.map(({ url }) => url.searchParams.get('offset'))).toEqual(['0', '3', '6', '9', '11'])
  })

  test('several at once fit the declared size', async () => {
    server.answer(offsets(23, 5))
    const options = { page: { ...page, total: '$.total' }, concurrency: 3 }
    expect(idsOf(await readRest(connection(), { options }))).toEqual(upTo(23))
    expect(server.got).toHaveLength(5)
  })

  test('several at once with a size that the API does not give lose nothing silently', async () => {
    server.answer(offsets(23, 3))
    const error = await refusal(readRest(connection(), { options: { page, concurrency: 3 } }))
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', message: expect.stringContaining('fewer rows than the 5 of a page') })
  })
})

describe('pages by cursor and link', () => {
  test('a cursor in the body, to NULL', async () => {
    server.answer(({ url }) => {
      const at = Number(url.searchParams.get('after') ?? 0)
      return json({ data: items(at + 1, 2), meta: { next: at < 4 ? String(at + 2) : null } })
    })
    const options = { page: { by: 'cursor', parameter: 'after', next: '$.meta.next', size: 2, sizeParameter: 'limit' } }
    const read = await readRest(connection(), { options })
    expect(idsOf(read)).toEqual(upTo(6))
    expect(read.notices).toEqual([])
    expect(server.got.map(({ url }) => url.search)).toEqual(['?limit=2', '?after=2&limit=2', '?after=4&limit=2'])
  })

  test('a cursor in a header, across an empty page', async () => {
    const pages: Readonly<Record<string, readonly [object[], string]>> = {
      '': [[item(1)], 'b'],
      b: [[], 'c'],
      c: [[item(2)], ''],
    }
    server.answer(({ url }) => {
      const [data, next] = pages[url.searchParams.get('c') ?? ''] ?? [[], '']
      return json({ data }, { 'X-Next': next })
    })
    expect(idsOf(await readRest(connection(), { options: { page: { by: 'cursor', parameter: 'c', next: 'X-Next' } } }))).toEqual([
      1, 2,
    ])
  })

  test('a link in the body, relative and absolute, keeps the key and adds no parameters of its own', async () => {
    const next = ['/v1/items?page=b', `${server.origin}/v1/other?page=c`, null]
    server.answer(() => json({ data: [item(server.got.length)], next: next[server.got.length - 1] ?? null }))
    const auth = { type: 'apiKey', key: 'k1', query: 'key' } as const
    const options = { query: { q: 'x' }, page: { by: 'link', next: '$.next' } }
    expect(idsOf(await readRest({ ...connection(), auth }, { options }))).toEqual([1, 2, 3])
    expect(server.got.map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
      '/v1/items?q=x&key=k1',
      '/v1/items?page=b&key=k1',
      '/v1/other?page=c&key=k1',
    ])
  })

  test.each([
    ['<{}>; rel="next"'],
    ['<x>; rel="prev", <{}>; title="a, b"; rel="next"'],
    ['<{}>;rel=next, <y>;rel=last'],
    ['<x>; rel=nextish, <{}>; rel="last next"'],
  ])('the Link header %s', async (header) => {
    server.answer(({ url }) => {
      const isLast = url.searchParams.get('a,b') !== null
      return json(
        { data: [item(isLast ? 2 : 1)] },
        isLast ? { link: '<x>; rel="prev"' } : { link: header.replace('{}', '?a,b=1') },
      )
    })
    expect(idsOf(await readRest(connection(), { options: { page: { by: 'link' } } }))).toEqual([1, 2])
  })

  test('a path to the next page that no page has is said', async () => {
    server.answer(() => json({ data: [item(1)] }))
    const { notices } = await readRest(connection(), { options: { page: { by: 'cursor', parameter: 'c', next: '$.nxt' } } })
    expect(notices).toEqual([`GET ${server.url}/items: no page had $.nxt, so its first page was taken for the last.`])
  })

  test('a next page without declared pages is said', async () => {
    server.answer(() => json({ data: [item(1)] }, { link: '<?page=2>; rel="next"' }))
    expect((await readRest(connection())).notices).toEqual([expect.stringContaining('only the first was read')])
  })
})

describe('a reading', () => {
  test('goes on while the rows so far are used, up to a batch', async () => {
    server.answer(numbered(3, 1))
    const source = await openRest({ ...connection(), allowPrivate: true })
    const asked = { options: { page: { by: 'number', parameter: 'page' } } }
    const reading = await source.open(readRequest(restResource(asked)))
    expect(server.got).toHaveLength(1)
    const [partition] = reading.partitions
    if (partition === undefined) throw new Error('there is no partition')
    const rows = reading.read(partition)[Symbol.asyncIterator]()
    expect((await rows.next()).value?.batch.rows).toBe(1)
    await vi.waitFor(() => expect(server.got).toHaveLength(4))
    await reading.close()
    await reading.close()
    await source.close()
  })
})
