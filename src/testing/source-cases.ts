import assert from 'node:assert/strict'
import { cellTexts } from '../columnar/cell-text.ts'
import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { isSluiceError } from '../errors.ts'
import type { ColumnBatch, ColumnVector, RejectedRow } from '../model/column-batch.ts'
import { columnTypeText } from '../model/column-type.ts'
import type { CursorPolicy, Resource } from '../model/script.ts'
import type { ContractCase } from './contract-case.ts'
import { readRequest } from './read-request.ts'

/** A resource as a case wants it, in words that every source understands: text cells, NULL as null. */
export interface SampleTable {
  readonly columns: readonly { readonly name: string; readonly type: 'int64' | 'decimal' | 'text' | 'timestamp' }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** How the suite prepares a source. What is left out skips the cases that need it, by name. */
export interface SourceFixture {
  /** A new source with the sample as one resource. `close` is called once, after the source's own. */
  prepare(sample: SampleTable): Promise<PreparedSource>
  /** A resource that is not there; the expected code. Left out where a resource cannot be missing. */
  readonly missing?: { readonly locator: string; readonly code: 'RESOURCE_NOT_FOUND' | 'FILE_NOT_FOUND' }
  /** Whether the source tells NULL and '' apart. */
  readonly nullDiffersFromEmpty?: true
  /** The cursor policy for a timestamp column, for sources that read windows. */
  cursor?(column: string): CursorPolicy
  /** Whether `describe` knows the columns before rows are read. */
  readonly hasCatalogue?: true
}

export interface PreparedSource {
  readonly source: Source
  readonly resource: Resource
  close(): Promise<void>
}

/** The promises of a source, each as a case; a case that the fixture cannot run says so in its name. */
export function sourceCases(fixture: SourceFixture): readonly ContractCase[] {
  return [...catalogueCases(fixture), ...valueCases(fixture), ...windowCases(fixture), ...lifeCases(fixture)]
}

const small: SampleTable = {
  columns: [
    { name: 'id', type: 'int64' },
    { name: 'label', type: 'text' },
  ],
  rows: [
    ['1', 'one'],
    ['2', 'two'],
    ['3', 'three'],
  ],
}

function catalogueCases(fixture: SourceFixture): ContractCase[] {
  const { missing } = fixture
  return [
    onSample(fixture, 'check passes on a source that is there', small, async ({ source }) => {
      assert.ok(Array.isArray(await source.check()))
    }),
    when(
      missing,
      onSample(fixture, 'an unknown resource is refused by its code', small, async ({ source, resource }) => {
        const unknown = { ...resource, locator: missing?.locator ?? '' }
        await assert.rejects(
          async () => (await source.open(readRequest(unknown))).close(),
          (error) => isSluiceError(error, missing?.code),
        )
      }),
    ),
    when(
      fixture.hasCatalogue,
      onSample(fixture, 'describe agrees with the reading', small, async ({ source, resource }) => {
        const described = await source.describe(resource)
        await reading(source, readRequest(resource), async (open) => {
          assert.deepEqual(shape(open.schema.columns), shape(described?.columns ?? []))
          const { vectors } = await drain(open)
          assert.deepEqual(shape(vectors), shape(described?.columns ?? []))
        })
      }),
    ),
    onSample(fixture, 'an empty resource has a schema and no rows', { ...small, rows: [] }, async ({ source, resource }) => {
      await reading(source, readRequest(resource), async (open) => {
        assert.equal(open.schema.columns.length, 2)
        assert.ok(open.expectedRows === undefined || open.expectedRows === 0)
        assert.deepEqual((await drain(open)).rows, [])
      })
    }),
  ]
}

function valueCases(fixture: SourceFixture): ContractCase[] {
  const exact: SampleTable = {
    columns: [
      { name: 'id', type: 'int64' },
      { name: 'price', type: 'decimal' },
    ],
    rows: [
      ['9223372036854775807', '0.01'],
      ['-9223372036854775808', '-9999999999.99'],
      ['9007199254740993', '12.50'],
      ['0', null],
    ],
  }
  const texts = ['a "quoted" word', "it's", 'a,b;c\td', 'line\nbreak\r\nand more', '😀 ñ ﬁ 𝄞', ' padded ', '\\N', 'null']
  const hostile = { columns: small.columns, rows: texts.map((text, index) => [String(index), text]) }
  const empties = {
    columns: small.columns,
    rows: [
      ['1', ''],
      ['2', null],
      ['3', ' '],
    ],
  }
  return [
    sameRows(fixture, 'every row is read once', small),
    sameRows(fixture, 'quotes, commas, line breaks and emoji arrive as they are', hostile),
    sameRows(fixture, '64-bit integers and decimals are exact', exact),
    when(fixture.nullDiffersFromEmpty, sameRows(fixture, "NULL and '' stay apart", empties)),
  ]
}

const moments = [
  '2025-03-01 10:00:00',
  '2025-03-01 10:00:01',
  '2025-03-01 10:00:01',
  '2025-03-01 10:00:02',
  '2025-03-01 10:00:03',
]

const timed: SampleTable = {
  columns: [
    { name: 'id', type: 'int64' },
    { name: 'changed_at', type: 'timestamp' },
  ],
  rows: moments.map((moment, index) => [String(index), moment]),
}

function windowCases(fixture: SourceFixture): ContractCase[] {
  const cursor = fixture.cursor?.('changed_at')
  const ids = async ({ source, resource }: PreparedSource, lower: string | undefined, upper: string | undefined) =>
    reading(source, { ...readRequest(resource), cursor, lower, upper }, async (open) => {
      assert.deepEqual([open.window?.column, open.window?.lower, open.window?.upper], ['changed_at', lower, upper])
      const { rows } = await drain(open)
      assert.ok(open.expectedRows === undefined || open.expectedRows === rows.length)
      return rows.map((row) => row[0]).sort()
    })
  return [
    when(
      cursor,
      onSample(fixture, 'only the rows of the window are read', timed, async (prepared) => {
        assert.deepEqual(await ids(prepared, moments[1], moments[4]), ['1', '2', '3'])
      }),
    ),
    when(
      cursor,
      onSample(fixture, 'ties at the border are neither lost nor doubled', timed, async (prepared) => {
        const before = await ids(prepared, undefined, moments[1])
        const after = await ids(prepared, moments[1], '2025-03-02 00:00:00')
        assert.deepEqual([before, after], [['0'], ['1', '2', '3', '4']])
      }),
    ),
    when(
      cursor,
      onSample(fixture, 'the next window begins where this one ends', timed, async ({ source, resource }) => {
        const next = await reading(source, { ...readRequest(resource), cursor }, async (open) => {
          assert.equal((await drain(open)).rows.length, moments.length)
          return open.window?.next
        })
        assert.ok(next !== undefined && next >= (moments[4] ?? ''))
      }),
    ),
  ]
}

function lifeCases(fixture: SourceFixture): ContractCase[] {
  const rows = Array.from({ length: 200_000 }, (_, index) => [String(index), `label ${index}`])
  const large = { columns: small.columns, rows }
  return [
    onSample(fixture, '200,000 rows come in batches', large, async ({ source, resource }) => {
      await reading(source, readRequest(resource), async (open) => {
        let [count, batches, largest] = [0, 0, 0]
        for (const partition of open.partitions) {
          for await (const { batch } of open.read(partition)) {
            count += batch.rows
            batches += 1
            largest = Math.max(largest, batch.rows)
          }
        }
        assert.equal(count, rows.length)
        assert.ok(batches > 1 && largest < rows.length, `${batches} batches, the largest of ${largest} rows`)
      })
    }),
    onSample(fixture, 'an abort ends the reading within a second', large, async ({ source, resource }) => {
      const controller = new AbortController()
      await reading(source, { ...readRequest(resource), signal: controller.signal }, async (open) => {
        let abortedAt = Number.NaN
        await assert.rejects(async () => {
          for (const partition of open.partitions) {
            for await (const { batch } of open.read(partition)) {
              if (controller.signal.aborted || batch.rows === 0) continue
              abortedAt = performance.now()
              controller.abort()
            }
          }
        })
        assert.ok(performance.now() - abortedAt < 1000, 'the reading went on after the abort')
      })
    }),
    onSample(fixture, 'closing twice is safe', small, async ({ source, resource }) => {
      const open = await source.open(readRequest(resource))
      await open.close()
      await open.close()
      await source.close()
      await source.close()
    }),
  ]
}

function when(capability: unknown, contractCase: ContractCase): ContractCase {
  if (capability !== undefined) return contractCase
  return { name: `skipped, the source cannot: ${contractCase.name}`, run: async () => {} }
}

function onSample(
  fixture: SourceFixture,
  name: string,
  sample: SampleTable,
  work: (prepared: PreparedSource) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      const prepared = await fixture.prepare(sample)
      try {
        await work(prepared)
      } finally {
        await prepared.source.close()
        await prepared.close()
      }
    },
  }
}

function sameRows(fixture: SourceFixture, name: string, sample: SampleTable): ContractCase {
  return onSample(fixture, name, sample, async ({ source, resource }) => {
    await reading(source, readRequest(resource), async (open) => {
      const { rows, rejects } = await drain(open)
      assert.deepEqual(rejects, [])
      assert.deepEqual(rows, sample.rows)
      assert.ok(open.expectedRows === undefined || open.expectedRows === sample.rows.length)
    })
  })
}

async function reading<T>(source: Source, asked: ReadRequest, work: (open: Reading) => Promise<T>): Promise<T> {
  const open = await source.open(asked)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}

function shape(columns: readonly (ColumnVector | { readonly type: ColumnVector['type'] })[]): string[] {
  return columns.map(({ type }) => columnTypeText(type))
}

async function drain(open: Reading) {
  const rows: (string | null)[][] = []
  const rejects: RejectedRow[] = []
  let vectors: readonly ColumnVector[] = []
  for (const partition of open.partitions) {
    for await (const read of open.read(partition)) {
      rows.push(...rowTexts(read.batch))
      rejects.push(...read.rejects)
      vectors = read.batch.columns
    }
  }
  return { rows, rejects, vectors }
}

function rowTexts(batch: ColumnBatch): (string | null)[][] {
  const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
  return Array.from({ length: batch.rows }, (_, row) => columns.map((texts) => texts[row] ?? null))
}
