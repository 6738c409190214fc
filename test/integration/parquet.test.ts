import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ColumnType } from '../../src/model/column-type.ts'
import type { Column } from '../../src/model/schema.ts'
import { batchOf, type Cell, columnOf, openBytes, parquetBytes, rawText } from '../parquet-cells.ts'
import { pyarrowPython, pyarrowTest } from '../pyarrow.ts'

type Texts = (string | null)[][]

interface PyarrowAnswer {
  readonly types: readonly string[]
  readonly columns: Texts
  readonly groupRows: readonly number[]
  readonly statistics: readonly (readonly { readonly nulls: number; readonly bounds: readonly [string, string] | null }[])[]
}

let folder: string
let path: string
let files = 0
let duckdb: DuckDBConnection
let python: ChildProcess | undefined
let pythonAnswers: AsyncIterator<string> | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-parquet-'))
  duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  await duckdb.run("SET TimeZone = 'UTC'")
  if (pyarrowPython === undefined) return
  const child = spawn(pyarrowPython, [join(import.meta.dirname, 'parquet-cells.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  python = child
  pythonAnswers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
})

afterAll(async () => {
  python?.stdin?.end()
  duckdb.closeSync()
  await rm(folder, { recursive: true, force: true })
})

async function fromPyarrow(): Promise<PyarrowAnswer> {
  python?.stdin?.write(`${path}\n`)
  const answer = await pythonAnswers?.next()
  if (answer === undefined || answer.done) throw new Error('pyarrow could not read the file; its message is above')
  return JSON.parse(answer.value)
}

async function query(sql: string) {
  return (await duckdb.runAndReadAll(sql)).getRows()
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The cell as {@link rawText} writes it, as SQL; floats are left as they are. */
function rawSql({ name, type }: Column): string {
  const column = quoted(name)
  if (type.kind === 'float' || type.kind === 'double') return column
  if (type.kind === 'binary') return `lower(hex(${column}))`
  if (type.kind === 'date') return `(${column} - DATE '1970-01-01')::varchar`
  if (['time', 'timestamp', 'timestamptz'].includes(type.kind)) return `epoch_us(${column})::varchar`
  if (type.kind === 'decimal') return `regexp_replace(${column}::varchar, '^(-?)\\.', '\\10.')`
  return `${column}::varchar`
}

async function fromDuckdb(columns: readonly Column[]): Promise<Texts> {
  const rows = await query(`SELECT ${columns.map(rawSql).join(', ')} FROM '${path}'`)
  return columns.map(({ type }, index) =>
    rows.map((row) => {
      const cell = row[index] as string | number | null
      return typeof cell === 'number' ? rawText(type, cell) : cell
    }),
  )
}

/** What our own reader gives as canonical text, and what DuckDB does, brought to the same spelling. */
async function canonicalTexts(columns: readonly Column[], file: Uint8Array): Promise<{ ours: Texts; theirs: Texts }> {
  const ours: Texts = columns.map(() => [])
  for await (const batch of (await openBytes(file)).batches()) {
    batch.columns.forEach((vector, index) => {
      ours[index]?.push(...cellTexts(vector, batch.rows))
    })
  }
  const texts = columns.map((column) =>
    ['binary', 'decimal'].includes(column.type.kind) ? rawSql(column) : `${quoted(column.name)}::varchar`,
  )
  const rows = await query(`SELECT ${texts.join(', ')} FROM '${path}'`)
  const theirs = columns.map(({ type }, index) => rows.map((row) => respelled(type, row[index] as string | null)))
  return { ours, theirs }
}

function respelled(type: ColumnType, text: string | null): string | null {
  if (text === null) return null
  if (type.kind === 'float') return rawText(type, Number(text.replace('inf', 'Infinity')))
  if (type.kind === 'double') return rawText(type, Number(text.replace('inf', 'Infinity')))
  if (!['date', 'timestamp', 'timestamptz'].includes(type.kind)) return text
  const plain = text.replace(/\+00$/, '')
  const before = /^(\d+)-(\d\d-\d\d) \(BC\)(.*)$/.exec(plain)
  if (before === null) return plain
  const year = Number(before[1]) - 1
  return `${year === 0 ? '' : '-'}${String(year).padStart(4, '0')}-${before[2]}${before[3]}`
}

/** DuckDB keeps what it read by the path: a new file needs a new one. */
function nextPath(): string {
  path = join(folder, `${++files}.parquet`)
  return path
}

/** Writes the rows and asserts that all readers give them back, cell by cell. */
async function expectSame(
  columns: readonly Column[],
  batches: readonly (readonly (readonly Cell[])[])[],
  rowGroupRows?: number,
): Promise<PyarrowAnswer | undefined> {
  const options = rowGroupRows === undefined ? {} : { rowGroupRows }
  const written = batches.map((rows) => batchOf(columns, rows))
  const file = await parquetBytes(columns, written, options)
  await writeFile(nextPath(), file)
  const rows = batches.flat()
  const expected = columns.map(({ type }, index) => rows.map((row) => rawText(type, row[index] ?? null)))
  expect(await fromDuckdb(columns)).toEqual(expected)
  const { ours, theirs } = await canonicalTexts(columns, file)
  const comparable = ours.map((texts, index) => {
    const { type } = columns[index] as Column
    return type.kind === 'float' || type.kind === 'double' ? texts.map((text) => text && rawText(type, Number(text))) : texts
  })
  expect(comparable).toEqual(theirs)
  if (python === undefined) return undefined
  const answer = await fromPyarrow()
  expect(answer.columns).toEqual(expected)
  expect(answer.groupRows.reduce((sum, count) => sum + count, 0)).toBe(rows.length)
  return answer
}

const int64 = { min: -(2n ** 63n) + 2n, max: 2n ** 63n - 2n }
const microsOfYears = { min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }

const cellsOf: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  boolean: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  int32: fc.integer(),
  int64: fc.bigInt(int64),
  float: fc.float(),
  double: fc.double(),
  text: fc.string({ unit: 'binary', maxLength: 100 }),
  json: fc.json(),
  uuid: fc.uuid(),
  binary: fc.uint8Array({ maxLength: 100 }),
  date: fc.integer({ min: -719_162, max: 2_932_896 }),
  time: fc.bigInt({ min: 0n, max: 86_399_999_999n }),
  timestamp: fc.bigInt(microsOfYears),
  timestamptz: fc.bigInt(microsOfYears),
}

const decimalType = fc
  .integer({ min: 1, max: 38 })
  .chain((precision) => fc.integer({ min: 0, max: precision }).map((scale) => `decimal(${precision},${scale})`))

function cellOf(type: string): fc.Arbitrary<Cell> {
  const simple = cellsOf[type]
  if (simple) return simple
  const limit = 10n ** BigInt(/\d+/.exec(type)?.[0] ?? '1') - 1n
  return fc.bigInt({ min: -limit, max: limit })
}

/** Cells of which many are alike, so that dictionaries are tried and kept. */
function columnCells(type: string): fc.Arbitrary<fc.Arbitrary<Cell>> {
  const cell = cellOf(type)
  return fc.array(cell, { minLength: 1, maxLength: 4 }).map((few) => {
    const someNulls = fc.option(fc.oneof(cell, fc.constantFrom(...few)), { freq: 4 })
    return fc.oneof({ weight: 9, arbitrary: someNulls }, { weight: 1, arbitrary: fc.constant(null) })
  })
}

const names = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.constantFrom('"', 'select', 'a b', '_row'),
)

const randomFiles = fc
  .uniqueArray(names, { minLength: 1, maxLength: 6, selector: (name) => name.toLowerCase().normalize() })
  .chain((unique) => {
    const types = fc.constantFrom(...Object.keys(cellsOf)).chain((kind) => fc.oneof(fc.constant(kind), decimalType))
    return fc.tuple(...unique.map((name) => types.map((type) => ({ name, type }))))
  })
  .chain((columns) =>
    fc.tuple(...columns.map(({ type }) => columnCells(type))).chain((cells) =>
      fc.record({
        columns: fc.constant(columns.map(({ name, type }) => columnOf(name, type))),
        batches: fc.array(fc.array(fc.tuple(...cells), { maxLength: 60 }), { maxLength: 4 }),
        rowGroupRows: fc.constantFrom(1, 7, 40, 1000),
      }),
    ),
  )

const readers = pyarrowPython === undefined ? 'DuckDB and ourselves' : 'DuckDB, pyarrow and ourselves'

test(`random files are read alike by ${readers}`, async () => {
  const isUsable = (name: string) => !name.includes('\0')
  await fc.assert(
    fc.asyncProperty(randomFiles, async ({ columns, batches, rowGroupRows }) => {
      fc.pre(columns.every(({ name }) => isUsable(name)))
      await expectSame(columns, batches, rowGroupRows)
    }),
    { numRuns: 250, interruptAfterTimeLimit: 45_000, markInterruptAsFailure: false },
  )
})

test(pyarrowTest('every type has its own in pyarrow and in DuckDB'), async () => {
  const types = [...Object.keys(cellsOf), 'decimal(9,2)', 'decimal(18,0)', 'decimal(38,10)']
  const columns = types.map((type) => columnOf(type, type))
  const answer = await expectSame(columns, [])
  const described = await query(`DESCRIBE SELECT * FROM '${path}'`)
  expect(described.map((row) => row[1]).join('|')).toBe(
    'BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|FLOAT|DOUBLE|VARCHAR|JSON|VARCHAR|BLOB|DATE|TIME|TIMESTAMP|' +
      'TIMESTAMP WITH TIME ZONE|DECIMAL(9,2)|DECIMAL(18,0)|DECIMAL(38,10)',
  )
  expect(answer?.types.join('|') ?? pyarrowTypes).toBe(pyarrowTypes)
})

const pyarrowTypes =
  'bool|int8|int16|int32|int64|float|double|string|extension<arrow.json>|string|binary|date32[day]|time64[us]|timestamp[us]|' +
  'timestamp[us, tz=UTC]|decimal128(9, 2)|decimal128(18, 0)|decimal128(38, 10)'

const wide = 10n ** 38n - 1n
const extremes: readonly (readonly [string, readonly Cell[]])[] = [
  ['boolean', [true, false]],
  ['int8', [-128, 127, 0]],
  ['int16', [-32_768, 32_767]],
  ['int32', [-2_147_483_648, 2_147_483_647]],
  ['int64', [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 32n, -(2n ** 32n), 2n ** 53n + 1n]],
  ['decimal(18,18)', [10n ** 18n - 1n, 1n - 10n ** 18n]],
  ['decimal(19,0)', [10n ** 19n - 1n, 1n - 10n ** 19n, -1n, 0n]],
  ['decimal(38,0)', [wide, -wide]],
  ['decimal(38,38)', [wide, -wide, 1n, -1n]],
  ['float', [Math.fround(3.4028234663852886e38), 1e-45, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['double', [Number.MAX_VALUE, 5e-324, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['text', ['', '\0', 'a\0b', '\u{10ffff}', '\ud7ff', '\r\n', ' ', 'x'.repeat(1 << 20)]],
  ['json', ['{}', '[1, 1.0, 1e400]', '"\\u0000"']],
  ['binary', [Buffer.alloc(0), Buffer.alloc(300, 255), Uint8Array.from({ length: 256 }, (_, byte) => byte)]],
  ['date', [-2_147_483_646, 106_751_991, -106_751_991, -719_163, -719_529]],
  ['time', [0n, 86_399_999_999n]],
  ['timestamp', [-9_223_372_022_400_000_000n, 9_223_372_036_854_775_806n, -1n, -62_135_596_800_000_001n]],
  ['timestamptz', [-62_135_596_800_000_001n, 253_402_300_799_999_999n, -1n]],
]

test.each(extremes.map(([type, cells]) => [type, cells] as const))('the extremes of %s', async (type, cells) => {
  const columns = [columnOf('c', type)]
  await expectSame(columns, [cells.map((cell) => [cell]), [[null]], cells.map((cell) => [cell])])
  for (const cell of cells) await expectSame(columns, [[[cell]]])
  await expectSame(columns, [[[null], [null]]])
})

describe('dictionaries', () => {
  const columns = [
    columnOf('few', 'text'),
    columnOf('many', 'text'),
    columnOf('later', 'int64'),
    columnOf('fewer', 'int32'),
    columnOf('constant', 'double'),
    columnOf('absent', 'text'),
  ]
  const row = (index: number): Cell[] => [
    index % 3 === 0 ? null : `few ${index % 200}`,
    `many ${(index * 7919) % 1_000_003}`,
    index < 33_000 ? BigInt(index % 300) : BigInt(index) * 1_000_000_007n,
    index < 40_000 ? null : index % 5000,
    0.1,
    null,
  ]

  test('are kept, given up and mixed with plain pages without changing a value', async () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => row(index))
    const batches = [rows.slice(0, 50_000), rows.slice(50_000, 50_001), rows.slice(50_001)]
    await expectSame(columns, batches, 70_000)
    const encodings = await query(`SELECT path_in_schema, row_group_id, encodings FROM parquet_metadata('${path}') ORDER BY 1, 2`)
    expect(encodings.map((found) => found.join(' '))).toEqual([
      'absent 0 RLE, PLAIN',
      'absent 1 RLE, PLAIN',
      'constant 0 RLE, PLAIN, RLE_DICTIONARY',
      'constant 1 RLE, PLAIN, RLE_DICTIONARY',
      'few 0 RLE, PLAIN, RLE_DICTIONARY',
      'few 1 RLE, PLAIN, RLE_DICTIONARY',
      'fewer 0 RLE, PLAIN, RLE_DICTIONARY',
      'fewer 1 RLE, PLAIN, RLE_DICTIONARY',
      'later 0 RLE, PLAIN, RLE_DICTIONARY',
      'later 1 RLE, PLAIN',
      'many 0 RLE, PLAIN',
      'many 1 RLE, PLAIN',
    ])
  })

  test('that grow too large are given up in the middle of a page', async () => {
    const wide = [columnOf('key', 'int64'), columnOf('short', 'int32'), columnOf('text', 'text')]
    const rows = Array.from({ length: 300_000 }, (_, index): Cell[] => [
      BigInt(index >> 2),
      index >> 2,
      String(Math.floor(index / 3.5)).padStart(40, '-'),
    ])
    const file = await parquetBytes(wide, [batchOf(wide, rows)])
    let read = 0
    for await (const batch of (await openBytes(file)).batches()) read += batch.rows
    expect(read).toBe(rows.length)
    await writeFile(nextPath(), file)
    const [[count, keys, texts] = []] = await query(`
      SELECT count(*), count(*) FILTER (WHERE key <> row >> 2 OR short <> row >> 2),
        count(*) FILTER (WHERE text <> lpad((floor(row / 3.5)::bigint)::varchar, 40, '-'))
      FROM (SELECT *, file_row_number AS row FROM read_parquet('${path}', file_row_number = true))`)
    expect([count, keys, texts].map(Number)).toEqual([rows.length, 0, 0])
    const encodings = await query(`SELECT encodings FROM parquet_metadata('${path}')`)
    expect(encodings.flat()).toEqual(wide.map(() => 'RLE, PLAIN, RLE_DICTIONARY'))
  })
})

describe('statistics', () => {
  async function boundsOf(type: string, cells: readonly Cell[]): Promise<readonly (readonly string[] | null)[] | undefined> {
    const answer = await expectSame([columnOf('c', type)], [cells.map((cell) => [cell])])
    return answer?.statistics.map((group) => group[0]?.bounds ?? null)
  }
  const hex = (value: number) => rawText({ kind: 'double' }, value) ?? ''

  test.skipIf(pyarrowPython === undefined)(pyarrowTest('are the least and greatest value, without NaN'), async () => {
    expect(await boundsOf('double', [Number.NaN, 1.5, -2.5, null])).toEqual([[hex(-2.5), hex(1.5)]])
    expect(await boundsOf('double', [Number.NaN, Number.NaN])).toEqual([null])
    expect(await boundsOf('double', [0, 0])).toEqual([[hex(-0), hex(0)]])
    expect(await boundsOf('double', [-0])).toEqual([[hex(-0), hex(0)]])
    expect(await boundsOf('double', [Number.POSITIVE_INFINITY])).toEqual([[hex(Infinity), hex(Infinity)]])
    expect(await boundsOf('float', [Number.NaN, 0.5])).toEqual([[hex(0.5), hex(0.5)]])
    expect(await boundsOf('int64', [-1n, 2n ** 40n, -(2n ** 40n)])).toEqual([[String(-(2n ** 40n)), String(2n ** 40n)]])
    expect(await boundsOf('int64', [2n ** 31n, 1n, 2n ** 32n - 1n])).toEqual([['1', '4294967295']])
    expect(await boundsOf('int8', [5, -3, null])).toEqual([['-3', '5']])
    expect(await boundsOf('boolean', [false, null])).toEqual([['False', 'False']])
    expect(await boundsOf('decimal(38,2)', [-5n, 10n ** 30n])).toEqual([['-0.05', `${'1'.padEnd(29, '0')}.00`]])
    expect(await boundsOf('text', ['b', 'é', '', null])).toEqual([['', 'é']])
    expect(await boundsOf('date', [-1, 1])).toEqual([['1969-12-31', '1970-01-02']])
    expect(await boundsOf('text', [null])).toEqual([null])
  })

  test.skipIf(pyarrowPython === undefined)(pyarrowTest('count the NULLs of each row group'), async () => {
    const rows = Array.from({ length: 10 }, (_, index) => [index < 4 ? null : index])
    const answer = await expectSame([columnOf('c', 'int32')], [rows], 5)
    expect(answer?.statistics.map((group) => group[0]?.nulls)).toEqual([4, 0])
  })

  test('of long text never hide a row from a filter or change a maximum', async () => {
    const long = ['m'.repeat(80), `${'m'.repeat(64)}a`, `${'m'.repeat(64)}z`, 'é'.repeat(70), '\u{10ffff}'.repeat(20)]
    for (const type of ['text', 'binary']) {
      const cells = long.map((text) => [type === 'text' ? text : Buffer.from(text)])
      await expectSame([columnOf('c', type)], [cells], 2)
      for (const text of long) {
        const literal = type === 'text' ? `'${text}'` : `'${text}'::varchar::blob`
        const value = type === 'text' ? literal : `encode('${text}')`
        const [[equal, above, below] = []] = await query(
          `SELECT (SELECT count(*) FROM '${path}' WHERE c = ${value}), (SELECT count(*) FROM '${path}' WHERE c >= ${value}),
            (SELECT count(*) FROM '${path}' WHERE c <= ${value})`,
        )
        const sorted = [...long].map((each) => Buffer.from(each))
        const own = Buffer.from(text)
        expect([equal, above, below].map(Number)).toEqual([
          1,
          sorted.filter((each) => Buffer.compare(each, own) >= 0).length,
          sorted.filter((each) => Buffer.compare(each, own) <= 0).length,
        ])
      }
      const [[least, greatest] = []] = await query(
        `SELECT length(min(c)), length(max(c)) FROM '${path}'`.replaceAll('length', type === 'text' ? 'length' : 'octet_length'),
      )
      expect([Number(least), Number(greatest)]).toEqual(type === 'text' ? [65, 20] : [65, 80])
    }
  })

  test('do not hide NaN or a zero of the other sign from a filter', async () => {
    await expectSame([columnOf('c', 'double')], [[[Number.NaN], [1], [-0], [0]]], 1)
    const [[nan, above, zeros] = []] = await query(
      `SELECT (SELECT count(*) FROM '${path}' WHERE c = 'NaN'::double), (SELECT count(*) FROM '${path}' WHERE c > 1e300),
        (SELECT count(*) FROM '${path}' WHERE c = 0.0)`,
    )
    expect([nan, above, zeros].map(Number)).toEqual([1, 1, 2])
  })
})
