import type { Kysely, Transaction } from 'kysely'
import type { NewRegistration, RegisteredScript, ScriptRegistry } from '../../contracts/control-store.ts'
import type { ScriptId } from '../../model/script.ts'
import type { Database } from './database.ts'
import type { ScriptTable, Tables } from './tables.ts'

/** Who may run, in the `script` table. */
export function scriptRegistry(database: Database): ScriptRegistry {
  return {
    register: async (script) => database.transaction('write', (trx) => register(trx, database, script)),
    setActive: async (id, active) => database.transaction('write', (trx) => setActive(trx, id, active)),
    list: async () => {
      const rows = await database.statement((db) => db.selectFrom('script').selectAll().orderBy('id').execute())
      return rows.map(registeredScript)
    },
  }
}

async function setActive(trx: Transaction<Tables>, id: ScriptId, active: boolean): Promise<boolean> {
  const change = trx
    .updateTable('script')
    .set({ is_active: active ? 1 : 0 })
    .where('id', '=', id)
  return (await change.executeTakeFirst()).numUpdatedRows > 0n
}

async function register(trx: Transaction<Tables>, database: Database, script: NewRegistration): Promise<void> {
  const { id, name, kind, description, frequency, owner, contentHash, approve, by } = script
  const described = { name, kind, description, frequency, owner: owner ?? null, content_hash: contentHash }
  const approval = approve ? { approved_hash: contentHash, approved_by: by, approved_at: await database.now(trx) } : {}
  await trx
    .insertInto('script')
    .values({ id, is_active: 1, ...described, ...approval })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...described, ...approval }))
    .execute()
}

/** Undefined when it is not registered. */
export async function findScript(db: Kysely<Tables>, id: ScriptId): Promise<RegisteredScript | undefined> {
  const row = await db.selectFrom('script').selectAll().where('id', '=', id).executeTakeFirst()
  return row && registeredScript(row)
}

function registeredScript(row: ScriptTable): RegisteredScript {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    description: row.description,
    frequency: row.frequency,
    owner: row.owner ?? undefined,
    active: row.is_active === 1,
    contentHash: row.content_hash,
    approvedHash: row.approved_hash ?? undefined,
    approvedBy: row.approved_by ?? undefined,
    approvedAt: row.approved_at ?? undefined,
  }
}
