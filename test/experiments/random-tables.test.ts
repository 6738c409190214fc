import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Database, type Kind, onEach, quoted, type Texts } from './databases.ts'
import { experimentSeed } from './random.ts'
import { type CellOf, cellsOf } from './random-values.ts'
import { readWhole, tableOf } from './readings.ts'
import { sameText } from './same-text.ts'

/** How many tables each server is tried with; `EXPERIMENT_TABLES` says more. */
const numRuns = Number(process.env['EXPERIMENT_TABLES'] ?? 40)

interface RandomColumn {
  readonly name: string
  readonly cell: CellOf
  readonly isNullable: boolean
}

interface RandomTable {
  readonly name: string
  readonly columns: readonly RandomColumn[]
  /** Each row's cells as SQL. */
  readonly rows: readonly (readonly string[])[]
}

onEach((database, kind) => {
  test('any table comes as the server says it is', async () => {
    const source = await database().open()
    let [tables, rows, cells] = [0, 0, 0]
    const property = fc.asyncProperty(tableArbitrary(kind), async (table) => {
      const said = await make(database(), table)
      const read = await readWhole(source, tableOf(table.name))
      expect(read.rejects).toEqual([])
      const types = table.columns.map(({ cell }) => cell.type)
      const normal = (found: readonly Texts[]) =>
        found.map((row) => JSON.stringify(row.map((text, index) => sameText(text, types[index] ?? 'text')))).sort()
      expect(normal(read.rows)).toEqual(normal(said))
      tables += 1
      rows += said.length
      cells += said.length * table.columns.length
    })
    try {
      await fc.assert(property, { numRuns, seed: experimentSeed, endOnFailure: process.env['CI'] === 'true' })
    } finally {
      await source.close()
    }
    console.log(`random tables, ${kind}, seed ${experimentSeed}: ${tables} tables, ${rows} rows, ${cells} cells equal`)
    expect(tables).toBeGreaterThanOrEqual(numRuns)
  })
})

const reserved = ['select', 'order', 'group', 'from', 'user', 'table', 'key', 'constructor', '__proto__', 'toString', 'id', 'ID2']
/** Quotes of every kind, blanks, letters of other scripts, and what is special elsewhere. */
const characters = [...'ab1_ "\'`.,;$%?:-#@/\\()[]{}\t', 'é', 'ß', 'ж', '表', 'ı', '\u0301']

/** A name that the server takes: not empty, of few bytes, with a letter at its ends. */
const nameArbitrary = fc.oneof(
  fc.constantFrom(...reserved),
  fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((middle) => `c${middle.join('')}z`),
)

function tableArbitrary(kind: Kind): fc.Arbitrary<RandomTable> {
  const column = fc.record({ name: nameArbitrary, cell: fc.constantFrom(...cellsOf(kind)), isNullable: fc.boolean() })
  const columns = fc.uniqueArray(column, {
    minLength: 1,
    maxLength: 10,
    size: 'max',
    selector: ({ name }) => folded(name),
  })
  return fc.tuple(nameArbitrary, columns).chain(([name, chosen]) => {
    const row = fc.tuple(...chosen.map(({ cell, isNullable }) => (isNullable ? fc.option(cell.sql, { nil: 'NULL' }) : cell.sql)))
    return fc.record({
      name: fc.constant(name),
      columns: fc.constant(chosen),
      rows: fc.array(row, { maxLength: 30, size: 'max' }),
    })
  })
}

/** As a server compares names that are equal to it. */
function folded(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ı', 'i').replaceAll('ß', 'ss')
}

async function make({ kind, run }: Database, { name, columns, rows }: RandomTable): Promise<readonly Texts[]> {
  const table = quoted(kind, name)
  const declared = columns.map((column) => {
    // TIMESTAMP of MySQL is NOT NULL where nothing is said.
    return `${quoted(kind, column.name)} ${column.cell.declaration} ${column.isNullable ? 'NULL' : 'NOT NULL'}`
  })
  const shown = columns.map((column) => column.cell.shown(quoted(kind, column.name)))
  return run(
    `DROP TABLE IF EXISTS ${table}`,
    `CREATE TABLE ${table} (${declared.join(', ')})`,
    ...rows.map((row) => `INSERT INTO ${table} VALUES (${row.join(', ')})`),
    `SELECT ${shown.join(', ')} FROM ${table}`,
  )
}
