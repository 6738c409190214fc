import { SluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import type { DeclaredColumn } from '../model/script.ts'

/** What every format needs to know to turn bytes into rows. */
export interface FormatRequest {
  /** What messages call the file. */
  readonly name: string
  readonly columns: readonly DeclaredColumn[]
  readonly notice: (message: string) => void
}

/** Turns chunks, cut anywhere, into batches. Keeps nothing of a chunk after `push` returned. */
export interface Tokenizer {
  push(chunk: Uint8Array): readonly ReadBatch[]
  finish(): readonly ReadBatch[]
}

/** The columns as files stage them: text as it stands there, NULL allowed. */
export function stagedColumns(declared: readonly DeclaredColumn[]): readonly Column[] {
  return declared.map(({ name }) => ({ name, type: { kind: 'text' }, nullable: true }))
}

/** All batches of a file. A chunk's memory may be used again once the next chunk is asked for. */
export async function* tokenize(chunks: AsyncIterable<Uint8Array>, tokenizer: Tokenizer): AsyncGenerator<ReadBatch> {
  for await (const chunk of withoutMark(chunks)) yield* tokenizer.push(chunk)
  yield* tokenizer.finish()
}

/** Leaves out a UTF-8 byte order mark at the beginning, also when a chunk ends inside it. */
async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < 3) continue
    yield hasMark(head) ? head.subarray(3) : head
    head = undefined
  }
  if (head !== undefined && head.length > 0) yield head
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** A file that ends or goes wrong in a way that leaves no row to refuse. */
export function corrupt(name: string, line: number, what: string): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${name}, line ${line}: ${what}`, {
    hint: 'Have the file delivered again, or mend it at this line.',
    details: { file: name, line },
  })
}
