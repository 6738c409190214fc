import { expect, test } from 'vitest'
import { chosenColumns, withBatch } from './table-options.ts'

const dated = (sql: string, backslashes = false) => withBatch(sql, '2026-01-31', (batch) => `DATE '${batch}'`, backslashes)

test.each([
  ['day = :batch AND :batch>x', "day = DATE '2026-01-31' AND DATE '2026-01-31'>x"],
  ['note = \'see :batch\' AND "a:batch" = `:batch`', 'note = \'see :batch\' AND "a:batch" = `:batch`'],
  ["note = 'it''s :batch' AND d = :batch", "note = 'it''s :batch' AND d = DATE '2026-01-31'"],
  ['x::batch = :batches -- :batch\n/* :batch */', 'x::batch = :batches -- :batch\n/* :batch */'],
  ['note = $$ :batch $$ AND note = $q$ :batch $q$', 'note = $$ :batch $$ AND note = $q$ :batch $q$'],
])('the date of the batch stands in %s', (sql, expected) => expect(dated(sql)).toBe(expected))

test('a backslash escapes a quote where the database says so', () => {
  expect(dated("note = 'it\\'s :batch' AND d = :batch", true)).toBe("note = 'it\\'s :batch' AND d = DATE '2026-01-31'")
})

const resource = (options: object) => ({ source: 'shop', locator: 'sales', options: { ...options }, columns: undefined })
const chosen = (options: object) => chosenColumns(['a', 'b', 'c'], (name) => name, resource(options))

test('columns are chosen and left out, in the order of the catalogue', () => {
  expect(chosen({})).toEqual(['a', 'b', 'c'])
  expect(chosen({ select: ['c', 'a'] })).toEqual(['a', 'c'])
  expect(chosen({ exclude: ['b'] })).toEqual(['a', 'c'])
})

test('a column that is not there is named, and one must be left', () => {
  expect(() => chosen({ select: ['d'] })).toThrow('sales has no column d.')
  expect(() => chosen({ exclude: ['a', 'b', 'c'] })).toThrow('No column of sales is left to read.')
})
