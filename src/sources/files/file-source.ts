import type { Source } from '../../contracts/source.ts'
import type { FileStore } from './file-store.ts'

/** A source of the files of a store. Its `close` closes the store. */
export function openFileSource(store: FileStore): Source {
  throw new Error(`not yet: ${store.label}`)
}
