import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { column, readRest, refusal } from '../fixtures/rest-reading.ts'
import { type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
beforeEach(async () => {
  server = await restServer()
  server.answer(shop)
})
afterEach(() => server.close())

const orders = ['a/1', 'b 2', 'c3', 'd4', 'e5']

/** Orders in pages of two; each has as many lines as its place among them, in pages of two. */
function shop({ url }: Got) {
  const page = Number(url.searchParams.get('page') ?? 1)
  const order = decodeURIComponent(/^\/v1\/orders\/([^/]+)\/lines$/.exec(url.pathname)?.[1] ?? '')
  const of = (all: readonly object[]) => json({ data: all.slice((page - 1) * 2, page * 2), total: all.length })
  if (order === '') return of(orders.map((id, index) => ({ id, shop: `s${index}`, other: 'x' })))
  return of(Array.from({ length: orders.indexOf(order) }, (_, index) => ({ sku: `${order}-${index}`, note: 'n' })))
}

const page = { by: 'number', parameter: 'page', total: '$.total' }
const parent = {
  locator: '/orders',
  options: { method: 'GET', records: '$.data[*]', page },
  columns: [column('order_id', 'id'), column('shop')],
}
const lines = (options = {}, columns = [column('sku'), column('order', '$parent.order_id'), column('shop', '$parent.shop')]) => ({
  path: '/orders/{order_id}/lines',
  options: { records: '$.data[*]', page, parent, ...options },
  columns,
})
const expected = orders.flatMap((id, count) => Array.from({ length: count }, (_, index) => [`${id}-${index}`, id, `s${count}`]))

describe('a resource below another', () => {
  test('is called for each row of its parent, in their order', async () => {
    const { rows, expectedRows } = await readRest({ baseUrl: server.url }, lines())
    expect(rows).toEqual(expected)
    expect(expectedRows).toBe(10)
    expect(server.got.map(({ url }) => url.pathname).filter((path) => path === '/v1/orders')).toHaveLength(3)
    expect(server.got.map(({ url }) => url.pathname)).toContain('/v1/orders/a%2F1/lines')
  })

  test('several at once keep the order', async () => {
    let [open, most] = [0, 0]
    server.answer(async (got) => {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
      open -= 1
      return shop(got)
    })
    expect((await readRest({ baseUrl: server.url }, lines({ concurrency: 4 }))).rows).toEqual(expected)
    expect(most).toBeGreaterThan(1)
  })

  test('may have the values of its parent in query and body', async () => {
    server.answer((got) => (got.url.pathname === '/v1/orders' ? shop(got) : json({ data: [{ sku: got.body }] })))
    const options = {
      method: 'POST',
      query: { of: 'order {order_id}', as: '{nothing}' },
      body: { filter: { order: '{order_id}', all: ['{shop}'] } },
      page: undefined,
    }
    const { rows } = await readRest({ baseUrl: server.url }, { ...lines(options, [column('sku')]), path: '/lines' })
    expect(rows[1]).toEqual(['{"filter":{"order":"b 2","all":["s1"]}}'])
    expect(server.got.find(({ body }) => body !== '')?.url.searchParams.get('of')).toBe('order a/1')
    expect(server.got.find(({ body }) => body !== '')?.url.searchParams.get('as')).toBe('{nothing}')
  })

  test('two levels down', async () => {
    const below = {
      path: '/skus/{sku}',
      options: {
        records: '$',
        parent: { locator: lines().path, options: { method: 'GET', ...lines().options }, columns: lines().columns },
      },
      columns: [column('price'), column('sku', '$parent.sku'), column('shop', '$parent.shop')],
    }
    server.answer((got) => (got.url.pathname.startsWith('/v1/skus/') ? json({ price: 1 }) : shop(got)))
    const { rows } = await readRest({ baseUrl: server.url }, below)
    expect(rows).toEqual(expected.map(([sku, , of]) => ['1', sku, of]))
  })

  test('a row of the parent that has vanished is no error where that is declared', async () => {
    server.answer((got) => (got.url.pathname.includes('c3') ? { status: 404 } : shop(got)))
    const { rows } = await readRest({ baseUrl: server.url }, lines({ emptyOn: [404] }))
    expect(rows).toEqual(expected.filter(([, order]) => order !== 'c3'))
  })
})

describe('a parent counts as read only with all that is below it', () => {
  test('a call that fails ends the whole reading', async () => {
    server.answer((got) => (got.url.pathname.includes('d4') ? { status: 403 } : shop(got)))
    const error = await refusal(readRest({ baseUrl: server.url }, lines()))
    expect(error).toMatchObject({ code: 'SOURCE_DENIED', message: expect.stringContaining('/v1/orders/d4/lines') })
  })

  test('a row of the parent that cannot be read ends it', async () => {
    server.answer(() => ({ body: '{"data":[{"id":1},{"id":"\\ud800"}],"total":2}' }))
    const error = await refusal(readRest({ baseUrl: server.url }, lines({ page: undefined, emptyOn: [404] })))
    expect(error).toMatchObject({
      code: 'RESPONSE_INVALID',
      message: expect.stringContaining('parent /orders is refused: ENCODING in order_id'),
    })
  })

  test.each(['..', '.', '', null])('a row of the parent with %j for the path ends it', async (id) => {
    server.answer(({ url }) => json(url.pathname === '/v1/orders' ? { data: [{ id }], total: 1 } : { data: [], total: 0 }))
    const error = await refusal(readRest({ baseUrl: server.url }, lines()))
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', message: expect.stringContaining('as its order_id') })
    expect(server.got).toHaveLength(1)
  })

  test('no parent at all gives nothing', async () => {
    server.answer(() => json({ data: [], total: 0 }))
    const { rows, expectedRows } = await readRest({ baseUrl: server.url }, lines())
    expect([rows, expectedRows]).toEqual([[], 0])
  })
})

describe('what cannot be is refused before a call', () => {
  test.each([
    [{ path: '/orders/{nope}/lines' }, 'no parent with a column nope'],
    [{ columns: [column('x', '$parent.nope')] }, 'which is no column of a parent'],
    [{ options: { records: '$.data[*]' } }, 'which is no column of a parent'],
    [{ options: { records: '$.a[*].b', parent } }, 'The path "$.a[*].b"'],
  ])('%j', async (change, message) => {
    const error = await refusal(readRest({ baseUrl: server.url }, { ...lines(), ...change }))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) })
  })
})
