import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ColumnType } from '../../src/model/column-type.ts'
import type { CursorPolicy } from '../../src/model/script.ts'
import { column, readRest, refusal } from '../fixtures/rest-reading.ts'
import { json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
let values: readonly (string | number | null)[]
beforeEach(async () => {
  server = await restServer()
  values = []
  server.answer(() => json({ data: values.map((at, id) => ({ id, at })) }))
})
afterEach(() => server.close())

const policy = (change: Partial<CursorPolicy> = {}): CursorPolicy => ({ column: 'at', overlap: 60, nulls: 'reject', ...change })

interface Change {
  readonly cursor?: Partial<CursorPolicy>
  readonly window?: object | undefined
  readonly type?: ColumnType['kind'] | undefined
  readonly lower?: string
  readonly upper?: string
}

function read({ cursor = {}, type = 'timestamptz', lower, upper, ...change }: Change = {}) {
  const window = 'window' in change ? change.window : { from: 'since', until: 'before' }
  return readRest(
    { baseUrl: server.url },
    {
      options: { window },
      columns: [column('id'), column('at', 'at', { kind: type } as ColumnType)],
      request: { cursor: policy(cursor), lower, upper },
    },
  )
}

describe('the window', () => {
  test('is open at the beginning and at the end, and says that nothing is proven', async () => {
    values = ['2026-01-01T10:00:00Z', '2026-01-01T12:30:00.5Z', '2026-01-01T12:00:00+02:00']
    const { window, notices } = await read()
    expect(server.got[0]?.url.search).toBe('')
    expect(window).toEqual({
      column: 'at',
      lower: undefined,
      upper: undefined,
      proven: false,
      next: '2026-01-01T12:29:00.500000Z',
    })
    expect(notices).toEqual([expect.stringContaining('No horizon can be proven for at of an API; the declared overlap of 60')])
  })

  test.each([
    ['text', '?since=2026-01-01+10%3A00%3A00.25', '&before=2026-01-02+00%3A00%3A00.5'],
    ['date', '?since=2026-01-01', '&before=2026-01-03'],
    ['seconds', '?since=1767261600', '&before=1767312001'],
    ['milliseconds', '?since=1767261600250', '&before=1767312000500'],
  ])('is asked for as %s, rather too wide than too narrow', async (format, since, before) => {
    const bounds = { lower: '2026-01-01 10:00:00.25', upper: '2026-01-02 00:00:00.5' }
    const { window } = await read({ window: { from: 'since', until: 'before', format }, ...bounds })
    expect(server.got[0]?.url.search).toBe(`${since}${before}`)
    expect(window).toMatchObject({ ...bounds, next: bounds.upper })
  })

  test('begins where the API wants it to, also without a cursor', async () => {
    const options = { window: { from: 'since', initial: '2020-01-01', format: 'seconds' } }
    await readRest({ baseUrl: server.url }, { options })
    await read(options)
    expect(server.got.map(({ url }) => url.search)).toEqual(['?since=1577836800', '?since=1577836800'])
  })

  test('of a parent is asked for there, and the cursor may be one of its columns', async () => {
    server.answer(({ url }) =>
      json({ data: url.pathname === '/v1/orders' ? [{ id: 7, at: '2026-02-01T00:00:00Z' }] : [{ sku: 's' }] }),
    )
    const parent = {
      locator: '/orders',
      options: { method: 'GET', records: '$.data[*]', window: { from: 'since' } },
      columns: [column('id'), column('at')],
    }
    const { window } = await readRest(
      { baseUrl: server.url },
      {
        path: '/orders/{id}/lines',
        options: { parent },
        columns: [column('sku'), column('at', '$parent.at', { kind: 'timestamptz' })],
        request: { cursor: policy({ overlap: 0 }), lower: '2026-01-01T00:00:00Z' },
      },
    )
    expect(server.got.map(({ url }) => url.search)).toEqual(['?since=2026-01-01T00%3A00%3A00Z', ''])
    expect(window?.next).toBe('2026-02-01T00:00:00Z')
  })
})

describe('where the next window begins', () => {
  const cases: readonly (readonly [ColumnType['kind'], number, readonly (string | number)[], string])[] = [
    ['timestamptz', 0, ['2026-01-01T10:00:00.123456789+02:00'], '2026-01-01T10:00:00.123456789+02:00'],
    ['timestamptz', 1, ['2026-01-01T10:00:00+0200'], '2026-01-01T07:59:59Z'],
    ['timestamp', 90, ['2026-01-01 10:00:00', '2026-01-01 10:00'], '2026-01-01 09:58:30'],
    ['date', 86_400, ['2026-03-01', '2026-02-27'], '2026-02-28'],
    ['int64', 5, ['9007199254740993', 12], '9007199254740988'],
    ['int64', 0, ['9007199254740993'], '9007199254740993'],
    ['text', 0, ['b', 'a', 'B'], 'b'],
  ]
  test.each(cases)('%s with an overlap of %i', async (type, overlap, seen, next) => {
    values = seen
    expect((await read({ type, cursor: { overlap } })).window?.next).toBe(next)
  })

  test('never before this one began, and there when there are no rows', async () => {
    const lower = '2026-01-01T10:00:00Z'
    expect((await read({ lower })).window?.next).toBe(lower)
    values = [lower]
    expect((await read({ lower })).window?.next).toBe(lower)
    values = []
    expect((await read()).window?.next).toBeUndefined()
  })

  test('not beyond now: a row of the year 2099 does not freeze it', async () => {
    values = ['2026-01-01T10:00:00Z', '2099-01-01T00:00:00Z']
    const { rows, window, notices } = await read({ cursor: { overlap: 0 } })
    expect([rows.length, window?.next]).toEqual([2, '2026-01-01T10:00:00Z'])
    expect(notices).toContain('The at of 1 rows lies beyond now; the cursor does not follow them.')
  })
})

describe('rows without a cursor, or with one that is none', () => {
  test.each([
    ['reject', ['1'], [['NULL_CURSOR', 'at']]],
    ['include', ['0', '1'], []],
    ['exclude', ['1'], []],
  ] as const)('%s', async (nulls, ids, causes) => {
    values = [null, '2026-01-01T10:00:00Z']
    const { rows, rejects, notices } = await read({ cursor: { nulls } })
    expect(rows.map(([id]) => id)).toEqual(ids)
    expect(rejects.map((reject) => [reject.causes[0]?.code, reject.causes[0]?.column])).toEqual(causes)
    expect(notices.some((notice) => notice.includes('1 rows were left out because their at is NULL'))).toBe(nulls === 'exclude')
  })

  test('rows that were left out are not expected either', async () => {
    server.answer(() => json({ data: [{ at: null }, { at: '2026-01-01' }], total: 2 }))
    const options = { window: { from: 'since' }, page: { by: 'number', parameter: 'p', total: '$.total' } }
    const request = { cursor: policy({ nulls: 'exclude' }) }
    const columns = [column('at', 'at', { kind: 'timestamptz' })]
    const { rows, expectedRows } = await readRest({ baseUrl: server.url }, { options, request, columns })
    expect([rows.length, expectedRows]).toEqual([1, 1])
  })

  test.each(['yesterday', '2026-02-30', '2026-13-01', '1767261600'])('%s is refused', async (text) => {
    values = [text]
    const { rejects } = await read()
    expect(rejects[0]?.causes).toEqual([{ code: 'CAST', column: 'at', value: text }])
  })
})

describe('what cannot be a cursor', () => {
  const cases: readonly (readonly [string, Change, string])[] = [
    ['without an overlap', { cursor: { overlap: undefined } }, 'proves no horizon'],
    ['of a resource without parameters for it', { window: undefined }, 'none of its parameters asks for newer rows'],
    ['with an end that cannot be asked for', { window: { from: 'since' }, upper: '2026-01-01' }, 'asks for an end'],
    ['of a column that is not there', { cursor: { column: 'gone' } }, 'no column gone'],
    ['of a type without an order', { type: 'json' }, 'cannot be the cursor'],
    ['of texts with an overlap', { type: 'text' }, 'overlap cannot be taken'],
    ['with a bound that is none', { lower: 'soon' }, 'soon is no bound'],
    [
      'of numbers asked for as dates',
      { type: 'int64', lower: '5', window: { from: 's', format: 'date' } },
      'cannot be asked for as date',
    ],
  ]
  test.each(cases)('%s', async (_, change, message) => {
    expect(await refusal(read(change))).toMatchObject({ code: 'CURSOR_INVALID', message: expect.stringContaining(message) })
    expect(server.got).toHaveLength(0)
  })
})
