import { opendir } from 'node:fs/promises'
import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import { stagedColumns } from '../formats/format-reading.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { chooseFiles } from './local-files/choose-files.ts'
import { translated } from './local-files/failures.ts'
import { fileResource } from './local-files/file-resource.ts'
import { listFiles } from './local-files/list-files.ts'
import { LocalFilesReading } from './local-files/reading.ts'

export interface LocalFilesOptions {
  readonly folder: string
}

/**
 * Reads the files of one folder on this host: the newest that matches a pattern, or all of them, every value staged as
 * the text that stands there. A file that changes while it is read, or a link that leaves the folder, is refused.
 */
export async function openLocalFiles(options: LocalFilesOptions): Promise<Source> {
  return new LocalFilesSource(options.folder)
}

class LocalFilesSource implements Source {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async check(): Promise<void> {
    try {
      const folder = await opendir(this.#folder)
      await folder.close()
    } catch (cause) {
      throw translated(cause, `The folder ${this.#folder}`, { folder: this.#folder })
    }
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
    const listing = await listFiles(this.#folder, resource.pattern)
    const files = chooseFiles(listing, resource, request.notice)
    return new LocalFilesReading(files, resource, request)
  }

  async close(): Promise<void> {}
}
