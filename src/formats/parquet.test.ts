import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pyarrowPython, pyarrowTest } from '../../test/pyarrow.ts'
import { readTexts, textColumns } from '../../test/read-texts.ts'
import { readParquet } from './parquet.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-parquet's-"))
  path = join(folder, 'a.parquet')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(select: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(`COPY (${select}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`)
  connection.closeSync()
}

async function read(...names: readonly string[]) {
  const notices: string[] = []
  const request = { name: 'a.parquet', columns: textColumns(...names), notice: (text: string) => notices.push(text) }
  return { ...(await readTexts(readParquet(path, request))), notices }
}

describe('T55: values are their exact text', () => {
  const values: readonly (readonly [sql: string, text: string | null])[] = [
    ['9223372036854775807::BIGINT', '9223372036854775807'],
    ['18446744073709551615::UBIGINT', '18446744073709551615'],
    ['12345678901234567890123456789012345.678::DECIMAL(38,3)', '12345678901234567890123456789012345.678'],
    ['-0.10::DECIMAL(5,2)', '-0.10'],
    ['0.1::FLOAT', '0.1'],
    ['0.1::DOUBLE + 0.2::DOUBLE', '0.30000000000000004'],
    ["TIMESTAMP '2025-01-01 10:00:00.123456'", '2025-01-01 10:00:00.123456'],
    ["TIMESTAMP_NS '2025-01-01 10:00:00.123456789'", '2025-01-01 10:00:00.123456789'],
    ["TIMESTAMPTZ '2025-01-01 10:00:00+02'", '2025-01-01 08:00:00+00'],
    ["DATE '2025-01-31'", '2025-01-31'],
    ["TIME '10:30:00.5'", '10:30:00.5'],
    ['true', 'true'],
    ["'\\xAA\\x00'::BLOB", 'aa00'],
    ["'00000000-0000-4000-8000-000000000001'::UUID", '00000000-0000-4000-8000-000000000001'],
    ['\'naïve 😀 "x"\nN\'', 'naïve 😀 "x"\nN'],
    ["''", ''],
    ['NULL::INTEGER', null],
    ["{'a': 9007199254740993, 'b': ['x', NULL]}", '{"a":9007199254740993,"b":["x",null]}'],
    ['[1, 2]', '[1,2]'],
    ["MAP {'k': 1}", '{"k":1}'],
  ]

  test.each(values)('%s', async (sql, text) => {
    await write(`SELECT ${sql} AS "the ""value"""`)
    expect((await read('the "value"')).rows).toEqual([[text]])
  })

  test.skipIf(pyarrowPython === undefined)(pyarrowTest('INT96, as old writers have it'), async () => {
    const script = `
import sys, datetime, pyarrow as pa, pyarrow.parquet as pq
t = pa.table({'t': pa.array([datetime.datetime(2025, 1, 1, 10, 0, 0, 123456), None], pa.timestamp('ns'))})
pq.write_table(t, sys.argv[1], use_deprecated_int96_timestamps=True, compression='gzip', data_page_version='2.0')
`
    expect(spawnSync(pyarrowPython ?? '', ['-c', script, path], { encoding: 'utf8' }).stderr).toBe('')
    expect((await read('t')).rows).toEqual([['2025-01-01 10:00:00.123456'], [null]])
  })

  test('300,000 rows in their order, in batches; the columns by name; what is not declared is said', async () => {
    await write('SELECT range AS id, range * 2 AS v, 1 AS w FROM range(300000)')
    const { rows, numbers, notices } = await read('v', 'id')
    expect(rows.length).toBe(300_000)
    expect(rows.every(([v, id], at) => id === String(at) && v === String(at * 2))).toBe(true)
    expect(numbers.at(-1)).toBe(300_000)
    expect(notices).toEqual(['a.parquet: 1 column is not declared and left out: "w".'])
  })

  test('no row', async () => {
    await write('SELECT 1 AS id WHERE false')
    expect((await read('id')).rows).toEqual([])
  })
})

describe('T55: refused', () => {
  test('a column that is not there, one without an exact text', async () => {
    await write("SELECT 1 AS id, {'price': 1.10::DECIMAL(5,2)} AS nested")
    await expect(read('ID', 'v')).rejects.toMatchObject({ code: 'SCHEMA_CHANGED', message: expect.stringContaining('"ID", "v"') })
    await expect(read('nested')).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      message: 'a.parquet: the column nested of type STRUCT(price DECIMAL(5,2)) has no exact text.',
    })
  })

  test('cut anywhere, damaged, or no Parquet', async () => {
    await write("SELECT range AS id, 'text ' || range AS v FROM range(5000)")
    const whole = await readFile(path)
    const damaged = Buffer.from(whole).fill(0xff, 10, 2000)
    for (const bytes of [
      whole.subarray(0, -1),
      whole.subarray(0, whole.length / 2),
      damaged,
      Buffer.from('id\n1\n'),
      Buffer.alloc(3),
    ]) {
      await writeFile(path, bytes)
      await expect(read('id', 'v')).rejects.toMatchObject({
        code: 'FILE_CORRUPT',
        message: expect.stringMatching(/^a\.parquet cannot be read as Parquet: /),
      })
    }
  })
})
