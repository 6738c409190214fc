import type { ControlStore } from '../../contracts/control-store.ts'
import { sqlStore } from '../sql/store.ts'
import { openDatabase } from './store-file.ts'

/** `path`: the store's file; it and its folder are made when they are not there. */
export interface SqliteControlOptions {
  readonly path: string
}

/**
 * A control store in one SQLite file, for any number of processes of one host. LOCAL_IO when the file cannot be made or
 * written, CONFIG_INVALID when it is not a control store of this version or an older one, was moved to another store, or lies
 * on a network file system.
 */
export async function openSqliteControl({ path }: SqliteControlOptions): Promise<ControlStore> {
  const opened = await openDatabase(path)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const module = new URL(`./renewer.${extension}`, import.meta.url)
  return sqlStore(opened.database, { module, options: { path: opened.path } })
}
