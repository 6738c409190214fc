import type { Reading, ReadRequest, Source } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { stagedColumns } from '../../formats/format-reading.ts'
import type { TableSchema } from '../../model/schema.ts'
import type { Resource } from '../../model/script.ts'
import { fileResource } from './file-resource.ts'
import type { FileStore } from './file-store.ts'
import { planFiles } from './plan-files.ts'
import { FilesReading } from './reading.ts'

/** Reads the files of a store: the newest that matches a pattern, all of them, or those that no batch has loaded. */
export function openFileSource(store: FileStore): Source {
  return new FileSource(store)
}

class FileSource implements Source {
  readonly #store: FileStore

  constructor(store: FileStore) {
    this.#store = store
  }

  async check(): Promise<readonly string[]> {
    await this.#store.check()
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return { columns: stagedColumns(fileResource(resource).columns) }
  }

  async open(request: ReadRequest): Promise<Reading> {
    const resource = fileResource(request.resource)
    if (request.cursor) {
      throw new SluiceError(
        'CURSOR_INVALID',
        `Files have no cursor, but ${resource.pattern} is read by ${request.cursor.column}.`,
        {
          hint: 'Remove the cursor from the extract script: every file that is chosen is read whole.',
        },
      )
    }
    const plans = await planFiles(this.#store, resource, request)
    return new FilesReading(this.#store, plans, resource, request)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
