import { type Database, quoted, type Texts } from './databases.ts'

/** A column: its declaration, and values of it as SQL. */
export interface ColumnKind {
  readonly name: string
  readonly declaration: string
  readonly values: readonly string[]
  /** How the server shows the column `v` as text where its usual form is not exact. */
  readonly shown?: string
}

/** Makes a table with a column for each kind, its values one below the other and NULL below them; what the server says of it. */
export async function fillWide({ kind, run }: Database, table: string, kinds: readonly ColumnKind[]): Promise<readonly Texts[]> {
  const isPostgres = kind === 'postgres'
  const columns = kinds.map(({ name, declaration }) => `${quoted(kind, name)} ${declaration}`).join(', ')
  const height = 1 + Math.max(...kinds.map(({ values }) => values.length))
  const rows = Array.from({ length: height }, (_, id) => {
    const cells = kinds.map(({ values, declaration }) =>
      isPostgres ? `(${values[id] ?? 'NULL'})::${declaration}` : (values[id] ?? 'NULL'),
    )
    return `INSERT INTO ${table} VALUES (${[id, ...cells].join(', ')})`
  })
  // A cast to text may be another form than the one that the server writes: Postgres cuts the blanks of char(n).
  const shown = kinds.map(({ name, shown: own = isPostgres ? 'v' : 'CAST(v AS CHAR)' }) =>
    own.replace(/\bv\b/g, () => quoted(kind, name)),
  )
  return run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, ${columns})`,
    ...rows,
    `SELECT id, ${shown.join(', ')} FROM ${table} ORDER BY id`,
  )
}
