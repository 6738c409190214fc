import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { openParquet, type ParquetReading } from '../../src/columnar/parquet-reader.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { lakePaths } from '../fixtures/published-state.ts'
import { type Kind, openSource, type SourceSettings, type Texts } from './databases.ts'
import { rowsOf } from './readings.ts'

/** Which tables of which server go the whole way into DuckDB. */
export interface ChainOptions {
  readonly kind: Kind
  readonly url: string
  readonly settings?: SourceSettings
  readonly tables: readonly string[]
  /** Texts and bytes come as the SHA-256 of their bytes: for values that one does not want to hold. */
  readonly digests?: boolean
}

/** A project with an extract and a load for each table, of one attempt each. */
export interface ChainProject {
  readonly engine: EngineProject
  close(): Promise<void>
}

/** What became of a table on its way. */
export interface ChainedTable {
  readonly exitCodes: readonly number[]
  /** The most memory that this process held until the end of each step. */
  readonly peakBytes: readonly number[]
  /** The first error of a step, as one would read it. */
  readonly error: string | undefined
  /** The names of its columns as staged. */
  readonly names: readonly string[]
  /** The types of these. */
  readonly types: readonly string[]
  /** The rows in the lake, by our own reader. */
  readonly staged: readonly Texts[]
  /** The rows of the target, by DuckDB, in the order of `id`. */
  readonly target: readonly Texts[]
}

export async function chainProject({ kind, url, settings, tables }: ChainOptions): Promise<ChainProject> {
  const source = await openSource(kind, url, settings)
  const extracts = tables.map((table) => tableExtract(table))
  const loads = extracts.map((extract) => loadOf(extract, { disposition: 'replace', allowEmpty: true }))
  const engine = await engineProject([...extracts, ...loads])
  engine.source = () => source
  engine.settings = { ...engine.settings, retry: { attempts: 1, firstDelayMs: 1, deadlineMs: 10_000 } }
  return {
    engine,
    close: async () => {
      await source.close()
      await engine.close()
    },
  }
}

/** Takes each table from the server into the lake and from there into DuckDB. */
export async function runChain(options: ChainOptions): Promise<Readonly<Record<string, ChainedTable>>> {
  const { engine, close } = await chainProject(options)
  try {
    const chained: Record<string, ChainedTable> = {}
    for (const table of options.tables) chained[table] = await chain(engine, table, options.digests ?? false)
    return chained
  } finally {
    await close()
  }
}

const batch = '2026-01-01'

async function chain(engine: EngineProject, table: string, digests: boolean): Promise<ChainedTable> {
  const peakBytes: number[] = []
  const run = async (id: string) => {
    const outcome = await engine.run(id, batch)
    peakBytes.push(process.resourceUsage().maxRSS * 1024)
    return outcome
  }
  const steps = [await run(`extract/${table}`), await run(`load/${table}`)]
  const error = steps.find((step) => step.error)?.error
  const parts = await stagedParts(engine, table, digests)
  return {
    exitCodes: steps.map(({ exitCode }) => exitCode),
    peakBytes,
    error: error?.message,
    names: parts[0]?.names ?? [],
    types: parts[0]?.types ?? [],
    staged: parts.flatMap(({ rows }) => rows),
    target: error ? [] : await targetRows(engine, table, digests),
  }
}

function digestOf(text: string | null, type: string): string | null {
  if (text === null || (type !== 'text' && type !== 'binary')) return text
  return hash('sha256', Buffer.from(text, type === 'binary' ? 'hex' : 'utf8'))
}

/** The table's own columns of each of its parts. */
async function stagedParts(engine: EngineProject, table: string, digests: boolean) {
  const paths = (await lakePaths(engine)).filter((path) => path.split('/').includes(table) && path.includes('/part-'))
  const parts: { readonly names: readonly string[]; readonly types: readonly string[]; readonly rows: readonly Texts[] }[] = []
  for (const path of paths.toSorted()) {
    parts.push(
      await withParquet(engine.lake.locate(path).path, async (reading) => {
        const own = reading.columns.flatMap(({ name }, index) => (name.startsWith('_') ? [] : [index]))
        const types = own.map((index) => typeText(reading, index))
        const rows: Texts[] = []
        for await (const read of reading.batches()) {
          for (const row of rowsOf(read)) {
            const cells = own.map((index) => row[index] ?? null)
            rows.push(digests ? cells.map((text, index) => digestOf(text, types[index] ?? '')) : cells)
          }
        }
        return { names: own.map((index) => reading.columns[index]?.name ?? ''), types, rows }
      }),
    )
  }
  return parts
}

function typeText({ columns }: ParquetReading, index: number): string {
  const column = columns[index]
  return column ? columnTypeText(column.type) : ''
}

async function withParquet<T>(path: string, work: (reading: ParquetReading) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const read = async (offset: number, length: number) => (await file.read(Buffer.alloc(length), 0, length, offset)).buffer
    return await work(await openParquet({ size, read }))
  } finally {
    await file.close()
  }
}

/** As exact text: moments in UTC, bytes in hexadecimal; what is there stands behind a mark, to tell NULL from a text. */
async function targetRows(engine: EngineProject, table: string, digests: boolean): Promise<readonly Texts[]> {
  const columns = await engine.rows(
    `SELECT column_name, data_type FROM information_schema.columns
     WHERE table_schema = 'target' AND table_name = '${table}' AND column_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY ordinal_position`,
  )
  const shown = columns.map(([column = '', type = ''], index) => {
    const quoted = `"${column.replaceAll('"', '""')}"`
    if (digests && (type === 'VARCHAR' || type === 'BLOB')) return `coalesce('=' || sha256(${quoted}), 'NULL') AS c${index}`
    const texts = { BLOB: `lower(hex(${quoted}))`, 'TIMESTAMP WITH TIME ZONE': `make_timestamp(epoch_us(${quoted}))::VARCHAR` }
    const text = Object.entries(texts).find(([name]) => name === type)?.[1]
    return `coalesce('=' || ${text ?? `${quoted}::VARCHAR`}, 'NULL') AS c${index}`
  })
  const rows = await engine.rows(`SELECT ${shown.join(', ')} FROM target.${table} ORDER BY id`)
  return rows.map((row) => row.map((cell) => (cell === 'NULL' ? null : cell.slice(1))))
}
