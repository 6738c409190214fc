import { describe, expect, test } from 'vitest'
import { nextLink } from './page-facts.ts'
import { requestFor } from './request-for.ts'
import { restResource } from './resource.ts'

const resource = (path: string, options: object = {}) =>
  restResource({
    source: 'api',
    locator: path,
    options: { method: 'GET', records: '$', ...options },
    columns: [{ name: 'id', type: { kind: 'text' }, length: undefined, nullable: true, from: 'id' }],
  })

describe('the address', () => {
  test.each([
    ['https://x/v2', '/items', 'https://x/v2/items'],
    ['https://x/v2/', 'items', 'https://x/v2/items'],
    ['https://x', '/items', 'https://x/items'],
    ['https://x/v2//', '//evil.example/items', 'https://x/v2/evil.example/items'],
    ['https://x/v2', 'https://evil.example/', 'https://x/v2/https://evil.example/'],
  ])('%s and %s', (base, path, expected) => {
    expect(requestFor(base, resource(path), [], undefined).url.href).toBe(expected)
  })

  test('a value of a parent stays one step of the path', () => {
    const values = new Map([['id', 'a/../b?c=d&e#f%2e']])
    const { url } = requestFor('https://x/v2', resource('/items/{id}/lines'), [], values)
    expect(url.href).toBe('https://x/v2/items/a%2F..%2Fb%3Fc%3Dd%26e%23f%252e/lines')
  })
})

describe('a body', () => {
  test('is not changed where a parameter is set in it', () => {
    const body = { filter: { a: 1 }, list: [1] }
    const { body: sent } = requestFor(
      'https://x',
      resource('/s', { method: 'POST', body }),
      [
        ['$.filter.page', 2],
        ['$.list.size', 5],
        ['$.new.deep', 'x'],
      ],
      undefined,
    )
    expect(JSON.parse(sent ?? '')).toEqual({ filter: { a: 1, page: 2 }, list: { size: 5 }, new: { deep: 'x' } })
    expect(body).toEqual({ filter: { a: 1 }, list: [1] })
  })

  test('is not there for a GET, and cannot take a parameter', () => {
    expect(requestFor('https://x', resource('/s'), [], undefined).body).toBeUndefined()
    expect(() => requestFor('https://x', resource('/s'), [['$.page', 1]], undefined)).toThrow(/a GET has no body/)
  })
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['<a>; rel="prev"', undefined],
  ['<a>; rel=next', 'a'],
  ['<a>; rel=nexts', undefined],
  ['<a>; rel="first", <b?x=1,2>; rel="next"; title="c"', 'b?x=1,2'],
  ['<a>; rel="prev next"', 'a'],
  ['<a>; title="rel=next"', undefined],
])('the next link of %j', (header, expected) => {
  expect(nextLink(header)).toBe(expected)
})
