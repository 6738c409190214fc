import { describe, expect, test } from 'vitest'
import { readAll } from '../../../test/fixtures/custom-reading.ts'
import type { ReadRequest } from '../../contracts/source.ts'
import type { CursorPolicy } from '../../model/script.ts'

describe('a cursor', () => {
  const strict: CursorPolicy = { column: 'at', overlap: undefined, nulls: 'reject' }
  const days = (...texts: readonly string[]) => texts.map((at) => ({ at: `2025-01-${at}` }))
  const read = (rows: readonly object[], cursor: unknown, asked: Partial<ReadRequest> & { readonly type?: string } = {}) => {
    const { type = 'date?', ...rest } = asked
    return readAll(
      async function* () {
        yield rows
        return { cursor }
      },
      { at: type },
      { cursor: strict, ...rest },
    )
  }

  test('moves to what the code returns, in the exact form of its column', async () => {
    expect((await read(days('01', '02'), '2025-01-03')).window).toEqual({
      column: 'at',
      lower: undefined,
      upper: '2025-01-03',
      proven: false,
      next: '2025-01-03',
    })
    const at = async (type: string, cursor: unknown, lower: string) => (await read([], cursor, { type, lower })).window
    expect(await at('int64', 9n, '8')).toMatchObject({ lower: '8', next: '9' })
    expect(await at('int64', 9, '9')).toMatchObject({ lower: '9', upper: '9', next: '9' })
    expect(await at('decimal(12,2)', '1.5', '1')).toMatchObject({ lower: '1.00', next: '1.50' })
    expect(await at('double', 1.5, '-Infinity')).toMatchObject({ lower: '-Infinity', next: '1.5' })
    expect(await at('text', 'b', 'a')).toMatchObject({ next: 'b' })
    expect(await at('timestamptz', '2025-01-02T00:00:00+01:00', '2025-01-01 00:00:00Z')).toMatchObject({
      lower: '2025-01-01 00:00:00Z',
      next: '2025-01-01 23:00:00Z',
    })
  })

  test('stays where it was when nothing is yielded and nothing returned', async () => {
    expect((await read([], undefined, { lower: '2025-01-05' })).window).toMatchObject({ upper: undefined, next: '2025-01-05' })
    expect((await read([], null)).window).toMatchObject({ next: undefined })
  })

  test('a given window ends where it is given', async () => {
    const given = { lower: '2025-01-01', upper: '2025-01-03' }
    expect((await read(days('01', '02'), '2025-02-01', given)).window).toMatchObject({ upper: '2025-01-03', next: '2025-01-03' })
    await expect(read(days('03'), undefined, given)).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message:
        'extract/rates.ts, read by at, yields a row at 2025-01-03, outside its window, which is from 2025-01-01 and before 2025-01-03.',
    })
  })

  test.each<[string, readonly string[], unknown, string | undefined, string]>([
    [
      'a row before the window',
      ['01'],
      '2025-01-09',
      '2025-01-02',
      'yields a row at 2025-01-01, outside its window, which is from 2025-01-02',
    ],
    ['rows, but no cursor', ['01', '03', '02'], undefined, undefined, 'yields rows up to 2025-01-03, but returns no cursor'],
    [
      'a row at the cursor',
      ['01', '03'],
      '2025-01-03',
      undefined,
      'returns the cursor 2025-01-03, but yields a row at 2025-01-03',
    ],
    ['a cursor that goes back', [], '2025-01-01', '2025-01-02', 'returns the cursor 2025-01-01, which lies before 2025-01-02'],
    ['a cursor of another type', [], 5, undefined, 'returns the cursor 5, which is no date'],
    ['a beginning that is none', [], undefined, 'yesterday', 'should begin at "yesterday", which is no date'],
  ])('%s is refused', async (_name, rows, cursor, lower, what) => {
    await expect(read(days(...rows), cursor, { lower })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining(`extract/rates.ts, read by at, ${what}`),
      exitCode: 78,
    })
  })

  test('with an overlap, rows may come again, and the next window begins before the cursor', async () => {
    const overlapping = (overlap: number, cursor: unknown, lower?: string, type?: string) =>
      read(type === undefined ? days('01', '03') : [], cursor, {
        cursor: { ...strict, overlap },
        lower,
        ...(type !== undefined && { type }),
      }).then(({ window }) => [window?.upper, window?.next])
    expect(await overlapping(0, '2025-01-03')).toEqual([undefined, '2025-01-03'])
    expect(await overlapping(90_000, '2025-01-03')).toEqual([undefined, '2025-01-01'])
    expect(await overlapping(90_000, '2025-01-03', '2025-01-02')).toEqual([undefined, '2025-01-02'])
    expect(await overlapping(0, undefined, '2025-01-02')).toEqual([undefined, '2025-01-02'])
    expect(await overlapping(1.5, '2025-01-02 00:00:01', undefined, 'timestamp')).toEqual([undefined, '2025-01-01 23:59:59.5'])
    expect(await overlapping(5, 100n, undefined, 'int64')).toEqual([undefined, '95'])
    await expect(overlapping(1, 'x', undefined, 'text')).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  })

  test('rows without one are refused or taken, as the policy says', async () => {
    const rows = [{ at: null }, ...days('01')]
    const refused = await read(rows, '2025-01-02')
    expect(refused.rejects).toMatchObject([{ row: 1, causes: [{ code: 'NULL_CURSOR', column: 'at' }] }])
    const taken = await read(rows, '2025-01-02', { cursor: { ...strict, nulls: 'include' } })
    expect(taken.rows).toEqual([[null], ['2025-01-01']])
    await expect(read(rows, '2025-01-02', { cursor: { ...strict, nulls: 'exclude' } })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      hint: 'Leave such rows out in read().',
    })
  })

  test('needs a column that can be ordered, and is needed for what is returned', async () => {
    await expect(read([], undefined, { type: 'json' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    await expect(read([], undefined, { cursor: { ...strict, column: 'ta' } })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    await expect(read([], '2025-01-01', { cursor: undefined })).rejects.toMatchObject({
      message: 'The code of extract/rates.ts returns a cursor, but declares none.',
    })
  })

  test('the code sees its window as exact text', async () => {
    const windows: unknown[] = []
    const asked = { cursor: strict, lower: '2025-01-01T00:00:00.500Z', upper: '2025-01-02 00:00:00+01:00' }
    await readAll(
      ({ window }) => {
        windows.push(window)
        return []
      },
      { at: 'timestamptz' },
      asked,
    )
    expect(windows).toEqual([{ lower: '2025-01-01 00:00:00.5Z', upper: '2025-01-01 23:00:00Z' }])
  })
})
