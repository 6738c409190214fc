import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KeyColumns, type KeyRange, planRanges, rangeCondition, rangeId, rangeOf } from './key-ranges.ts'

const columns: KeyColumns = { quoted: ['a', 'b'], literal: (text) => text }

test('a range survives as the id of a partition', () => {
  for (const range of [
    { after: undefined, to: undefined },
    { after: ['1', "it's"], to: undefined },
    { after: ['"', '2'], to: ['3', ']'] },
  ]) {
    expect(rangeOf(rangeId(range))).toEqual(range)
  }
})

test('one column is compared plainly', () => {
  const single = { quoted: ['id'], literal: (text: string) => `'${text}'` }
  expect(rangeCondition({ after: ['5'], to: ['9'] }, single)).toBe("id > '5' AND id <= '9'")
  expect(rangeCondition({ after: undefined, to: undefined }, single)).toBe('')
})

test('every key lies in exactly one range, in its order', async () => {
  const keys = fc.uniqueArray(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
    selector: String,
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 7 }), async (rows, size) => {
      const database = new DatabaseSync(':memory:')
      database.exec('CREATE TABLE t (a INTEGER, b INTEGER)')
      for (const [a, b] of rows) database.prepare('INSERT INTO t VALUES (?, ?)').run(a, b)
      const select = (range: KeyRange, rest: string) =>
        database
          .prepare(`SELECT a, b FROM t WHERE ${rangeCondition(range, columns) || 'TRUE'} ORDER BY a, b ${rest}`)
          .all()
          .map(({ a, b }) => [String(a), String(b)])
      const ranges = await planRanges(async (after) => select({ after, to: undefined }, `LIMIT 1 OFFSET ${size - 1}`)[0])
      expect(ranges.flatMap((range) => select(range, ''))).toEqual(select({ after: undefined, to: undefined }, ''))
      expect(ranges.every((range) => select(range, '').length <= size)).toBe(true)
    }),
  )
})
