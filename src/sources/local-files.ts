import type { Source } from '../contracts/source.ts'
import { openFileSource } from './files/file-source.ts'
import { LocalStore } from './local-files/local-store.ts'

export interface LocalFilesOptions {
  readonly folder: string
}

/**
 * Reads the files of one folder on this host, every value staged as the text that stands there. A file that changes while
 * it is read, or a link that leaves the folder, is refused.
 */
export async function openLocalFiles({ folder }: LocalFilesOptions): Promise<Source> {
  return openFileSource(new LocalStore(folder))
}
