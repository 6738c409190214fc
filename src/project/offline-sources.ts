import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Source } from '../contracts/source.ts'
import { openLocalFiles } from '../sources/local-files.ts'
import { openOfflineTables } from './offline-tables.ts'
import type { DeclaredColumns } from './resource.ts'

/** What stands in for a connection while a project runs offline. */
export interface OfflineSource {
  /** `folder` is this source's alone, and gone afterwards. */
  open(folder: string): Promise<Source>
}

/** The rows of one resource: objects, or such with the types of their columns where their values do not say them. */
export type OfflineTable = readonly object[] | { readonly columns: DeclaredColumns; readonly rows: readonly object[] }

/**
 * Rows for the resources of a connection, by the name that the script reads: a table, a path, a pattern. They are read with
 * the types that the script or `columns` declare, else with those of the values: whole numbers are 64-bit, other numbers
 * double, texts text. A cursor is respected.
 */
export function tables(resources: Readonly<Record<string, OfflineTable>>): OfflineSource {
  return { open: async () => openOfflineTables(resources) }
}

/** Files for a connection that reads files, by their names: chosen and read by the script's own options. */
export function files(contents: Readonly<Record<string, string | Uint8Array>>): OfflineSource {
  return {
    open: async (folder) => {
      const own = await mkdtemp(join(folder, 'files-'))
      for (const [name, content] of Object.entries(contents)) {
        await mkdir(dirname(join(own, name)), { recursive: true })
        await writeFile(join(own, name), content)
      }
      return openLocalFiles({ folder: own })
    },
  }
}
