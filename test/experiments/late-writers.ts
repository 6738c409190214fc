import { setTimeout as pause } from 'node:timers/promises'
import type { Database, DatabaseSession } from './databases.ts'
import type { Random } from './random.ts'

/** A table whose update time the database sets, and what was written to it. */
export interface LateTable {
  readonly name: string
  /** The cursor's type as the server calls it. */
  readonly type: string
  /** The version that each id has at last. */
  readonly versions: Map<number, number>
  /** How many versions of rows were committed. */
  written: number
}

/** Who writes how much. */
export interface Writing {
  readonly database: Database
  readonly table: LateTable
  readonly random: Random
  /** How many rows are to be there in the end. */
  readonly rows: number
}

const rowsPerTransaction = 40
const plainWriters = 8
/** Ids that one writer has for itself. */
const idsPerWriter = 1_000_000

/** Creates the table, with an index on the cursor. */
export async function makeLateTable(database: Database, name: string, type: string): Promise<LateTable> {
  const columns = `id BIGINT PRIMARY KEY, version INT NOT NULL, changed_at ${type} NOT NULL`
  if (database.kind === 'postgres') {
    await database.run(
      `CREATE TABLE ${name} (${columns})`,
      `CREATE INDEX ON ${name} (changed_at)`,
      `CREATE FUNCTION ${name}_now() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed_at := now(); RETURN NEW; END'`,
      `CREATE TRIGGER at BEFORE INSERT OR UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${name}_now()`,
    )
  } else {
    const now = 'CURRENT_TIMESTAMP(6)'
    await database.run(`CREATE TABLE ${name} (${columns} DEFAULT ${now} ON UPDATE ${now}, KEY (changed_at))`)
  }
  return { name, type, versions: new Map(), written: 0 }
}

/** Sets times as an application's session would: in the zone in which the server begins sessions. */
export async function sessionInServerZone({ kind, session }: Database): Promise<DatabaseSession> {
  const opened = await session()
  await opened.run(kind === 'postgres' ? 'RESET TimeZone' : 'SET time_zone = @@GLOBAL.time_zone')
  return opened
}

/** Writes until the rows are there: in transactions that stay open, in prepared ones, and while others lock the table. */
export async function writeLate(writing: Writing): Promise<void> {
  const writers = Array.from({ length: plainWriters }, (_, index) => writePlainly(writing, index * idsPerWriter))
  await Promise.all([...writers, writePrepared(writing, plainWriters * idsPerWriter), lockTable(writing)])
}

const isWhole = ({ table, rows }: Writing) => table.versions.size >= rows

/** A few transactions come late, the others at once. */
async function writePlainly(writing: Writing, firstId: number): Promise<void> {
  const { database, table, random } = writing
  const session = await sessionInServerZone(database)
  for (let nextId = firstId; !isWhole(writing); nextId += rowsPerTransaction) {
    const changes = changesOf(writing, firstId, nextId)
    await session.run('BEGIN', ...changes.statements)
    await pause(random() < 0.3 ? 200 + random() * 1300 : random() * 60)
    await session.run('COMMIT')
    note(table, changes.versions)
  }
  await session.close()
}

/** A transaction that nobody's session holds any more, and that commits later. */
async function writePrepared(writing: Writing, firstId: number): Promise<void> {
  const { database, table, random } = writing
  const isPostgres = database.kind === 'postgres'
  for (let round = 1; !isWhole(writing); round += 1) {
    const id = `'${table.name}_${round}'`
    const session = await sessionInServerZone(database)
    const changes = changesOf(writing, firstId, firstId + round * rowsPerTransaction)
    const [begin, prepare] = isPostgres
      ? [['BEGIN'], [`PREPARE TRANSACTION ${id}`]]
      : [[`XA START ${id}`], [`XA END ${id}`, `XA PREPARE ${id}`]]
    await session.run(...begin, ...changes.statements, ...prepare)
    await session.close()
    await pause(500 + random() * 1000)
    await whenItCan(() => database.run(isPostgres ? `COMMIT PREPARED ${id}` : `XA COMMIT ${id}`))
    note(table, changes.versions)
    await pause(1000)
  }
}

/** While the table is locked for readers, writers wait inside statements that have their time already. */
async function lockTable(writing: Writing): Promise<void> {
  const { database, table } = writing
  const [lock, unlock] =
    database.kind === 'postgres'
      ? [['BEGIN', `LOCK TABLE ${table.name} IN SHARE MODE`], 'COMMIT']
      : [[`LOCK TABLES ${table.name} READ`], 'UNLOCK TABLES']
  const session = await database.session()
  while (!isWhole(writing)) {
    await session.run(...lock)
    await pause(3500)
    await session.run(unlock)
    await pause(1500)
  }
  await session.close()
}

/** New rows, and new versions of some that this writer made before. */
function changesOf({ table, random }: Writing, firstId: number, nextId: number) {
  const versions = new Map<number, number>()
  for (let id = nextId; id < nextId + rowsPerTransaction; id += 1) versions.set(id, 1)
  const inserted = [...versions.keys()].map((id) => `(${id}, 1)`).join(', ')
  const statements = [`INSERT INTO ${table.name} (id, version) VALUES ${inserted}`]
  const before = [...table.versions.keys()].filter((id) => id >= firstId && id < firstId + idsPerWriter)
  const updated = before.filter(() => random() < 5 / before.length)
  if (updated.length > 0) {
    statements.push(`UPDATE ${table.name} SET version = version + 1 WHERE id IN (${updated.join(', ')})`)
    for (const id of updated) versions.set(id, (table.versions.get(id) ?? 0) + 1)
  }
  return { statements, versions }
}

function note(table: LateTable, versions: ReadonlyMap<number, number>): void {
  for (const [id, version] of versions) table.versions.set(id, version)
  table.written += versions.size
}

/** The server may not have seen yet that the session is gone. */
async function whenItCan(work: () => Promise<unknown>): Promise<void> {
  for (let left = 50; ; left -= 1) {
    try {
      await work()
      return
    } catch (cause) {
      if (left === 0) throw cause
      await pause(20)
    }
  }
}
