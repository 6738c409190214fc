import { isUtf8 } from 'node:buffer'
import { SluiceError } from '../errors.ts'
import type { RejectCause } from '../model/column-batch.ts'
import type { DeclaredColumn } from '../model/script.ts'
import { closeArray, comma, openArray, openObject } from './json-bytes.ts'
import { JsonRecord } from './json-record.ts'
import { skipSpace, skipValue } from './json-scalars.ts'
import { memberPath } from './json-wanted.ts'

const letterN = 0x6e

/** What is looked for in a page. */
export interface JsonPageRequest {
  readonly columns: readonly DeclaredColumn[]
  /** Where the records are: `$.data.items[*]` and `$[*]` are lists, `$.data` and `$` one record. */
  readonly records: string
  /** Paths of single values beside the records, such as `$.meta.total`. */
  readonly facts: readonly string[]
}

/** One element of the records, as it was found; only until the next one is read. */
export interface FoundRecord {
  /** To take the values from. */
  readonly record: JsonRecord
  /** Why it is to be refused; empty when it fits. */
  readonly causes: readonly RejectCause[]
  readonly data: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * How a page was read. `cut`: it ends too early; `malformed`: it is no JSON; `absent`: nothing stands at the path of the
 * records, or nothing that could be records; `null`: NULL stands there.
 */
export type JsonPageOutcome = 'read' | 'cut' | 'malformed' | 'absent' | 'null'

/** Reads the records and a few single values of one JSON text after the other, each given whole. */
export class JsonPage {
  readonly #record: JsonRecord
  readonly #whole: JsonRecord | undefined
  readonly #isList: boolean
  readonly #facts: readonly string[]
  #outcome: JsonPageOutcome = 'absent'
  #isValid = false
  #onRecord: (found: FoundRecord) => void = () => {}
  /** One for all records: of a new one for each, the collection of garbage would be felt. */
  readonly #found: { -readonly [N in keyof FoundRecord]: FoundRecord[N] }

  constructor({ columns, records, facts }: JsonPageRequest) {
    this.#isList = records.endsWith('[*]')
    this.#facts = facts
    const path = memberPath(this.#isList ? records.slice(0, -3) : records)
    if (path === undefined) throw unknownPath('the records', records)
    this.#record = new JsonRecord(columns)
    this.#found = { record: this.#record, causes: [], data: new Uint8Array(0), start: 0, end: 0 }
    if (path.length > 0) {
      const read = (data: Uint8Array, start: number, limit: number) => this.#readRecords(data, start, limit)
      this.#whole = new JsonRecord(facts.map(factColumn), { path, read })
    } else if (facts.length > 0) {
      throw unknownPath('a value beside the records, which are the whole answer', facts[0] ?? '')
    }
  }

  /** What no column took of all records so far. */
  get leftOut(): JsonRecord['leftOut'] {
    return this.#record.leftOut
  }

  /** Reads a page; `onRecord` is called for each of its records in their order, also when the page turns out to be cut behind them. */
  read(page: Uint8Array, onRecord: (found: FoundRecord) => void): JsonPageOutcome {
    const limit = page.length
    this.#outcome = 'absent'
    this.#onRecord = onRecord
    this.#isValid = isUtf8(page)
    const start = skipSpace(page, hasMark(page) ? 3 : 0, limit)
    const end =
      this.#whole === undefined ? this.#readRecords(page, start, limit) : this.#whole.readAt(page, start, limit, this.#isValid)
    if (end < 0) return skipValue(page, start, limit) === limit + 1 ? 'cut' : 'malformed'
    if (skipSpace(page, end, limit) < limit) return 'malformed'
    const isTwice = this.#whole?.causes.some(({ code, column }) => code === 'DUPLICATE_MEMBER' && column !== undefined)
    return isTwice === true ? 'malformed' : this.#outcome
  }

  /** A single value of the page that was read last: null for NULL, undefined when it is not there. */
  fact(path: string): string | null | undefined {
    const index = this.#facts.indexOf(path)
    return index < 0 ? undefined : this.#whole?.text(index)
  }

  #readRecords(data: Uint8Array, start: number, limit: number): number {
    // A second list would double the rows of the first.
    if (this.#outcome === 'read') return -1
    const byte = start < limit ? data[start] : undefined
    if (byte === (this.#isList ? openArray : openObject)) {
      this.#outcome = 'read'
      return this.#isList ? this.#readList(data, start, limit) : this.#readOne(data, start, limit)
    }
    const end = skipValue(data, start, limit)
    if (byte === letterN) this.#outcome = 'null'
    return end > limit ? -1 : end
  }

  #readList(data: Uint8Array, start: number, limit: number): number {
    let at = skipSpace(data, start + 1, limit)
    if (at < limit && data[at] === closeArray) return at + 1
    while (at < limit) {
      const end = this.#readOne(data, at, limit)
      if (end < 0) return -1
      at = skipSpace(data, end, limit)
      if (at >= limit) return -1
      if (data[at] === closeArray) return at + 1
      if (data[at] !== comma) return -1
      at = skipSpace(data, at + 1, limit)
    }
    return -1
  }

  #readOne(data: Uint8Array, start: number, limit: number): number {
    const record = this.#record
    const end = record.readAt(data, start, limit, this.#isValid)
    if (end >= 0) return this.#tell(record.causes, data, start, end)
    // Where only its brackets are in order, as in one that is nested too deeply, the records behind it can still be read.
    const behind = skipValue(data, start, limit)
    if (behind < 0 || behind > limit) return -1
    return this.#tell([{ code: 'MALFORMED' }], data, start, behind)
  }

  #tell(causes: readonly RejectCause[], data: Uint8Array, start: number, end: number): number {
    const found = this.#found
    found.causes = causes
    found.data = data
    found.start = start
    found.end = end
    this.#onRecord(found)
    return end
  }
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function factColumn(path: string): DeclaredColumn {
  if (memberPath(path) === undefined) throw unknownPath('a value', path)
  return { name: path, type: { kind: 'text' }, length: undefined, nullable: true, from: path }
}

function unknownPath(what: string, path: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The path ${JSON.stringify(path)} of ${what} is not one that Sluice knows.`, {
    hint: 'Write the members from the answer down, each behind a point, and [*] behind a list of records: $.data.items[*]',
  })
}
