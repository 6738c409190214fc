import type { ControlStore } from '../../contracts/control-store.ts'
import { batchBook } from './batches.ts'
import { openDatabase } from './database.ts'
import { extractionBook } from './extractions.ts'
import { migrate } from './migrations.ts'
import { runBook } from './runs.ts'
import { scriptRegistry } from './scripts.ts'

/** `path`: the store's file; it and its folder are made when they are not there. */
export interface SqliteControlOptions {
  readonly path: string
}

/**
 * A control store in one SQLite file, for any number of processes of one host. LOCAL_IO when the file cannot be made or
 * written, CONFIG_INVALID when it is not a control store of this version or an older one, or lies on a network file system.
 */
export async function openSqliteControl(options: SqliteControlOptions): Promise<ControlStore> {
  const database = await openDatabase(options.path)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return {
    scripts: scriptRegistry(database),
    batches: batchBook(database),
    runs: runBook(database),
    extractions: extractionBook(database),
    renewal: { module: new URL(`./renewer.${extension}`, import.meta.url), options: { path: database.path } },
    migrate: async () => migrate(database),
    close: () => database.close(),
  }
}
