import { SluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import { type FormatRequest, stagedColumns, type Tokenizer, tokenize } from './format-reading.ts'
import { closeArray, closeObject, colon, comma, openArray, openObject, quote } from './json-bytes.ts'
import { JsonRecord } from './json-record.ts'
import { skipSpace } from './json-scalars.ts'
import { memberPath } from './json-wanted.ts'
import { ReadCollector } from './read-collector.ts'
import { RecordCarry } from './record-carry.ts'
import { ValueScan } from './value-scan.ts'

/**
 * Reads the records of one JSON text, one at a time. `records` says where they are: `$[*]` and `$.data.items[*]` are lists,
 * `$` and `$.data` one record. Values come as {@link readJsonLines} gives them; an element that is no object is refused.
 * FILE_CORRUPT when the text is cut or its frame is no JSON, SCHEMA_CHANGED when nothing stands at the path.
 */
export function readJson(
  chunks: AsyncIterable<Uint8Array>,
  request: FormatRequest,
  { records }: { readonly records: string },
): AsyncGenerator<ReadBatch> {
  return tokenize(chunks, new JsonArray(request, records))
}

/** What is expected next. */
type State = 'value' | 'first-name' | 'name' | 'colon' | 'after' | 'first-element' | 'element' | 'after-element' | 'end' | Token
/** What the next byte may be in the middle of. */
type Token = 'in-name' | 'in-record' | 'in-other'

class JsonArray implements Tokenizer {
  readonly #name: string
  readonly #records: string
  readonly #path: readonly string[]
  readonly #isList: boolean
  readonly #record: JsonRecord
  readonly #collector: ReadCollector
  readonly #carry = new RecordCarry()
  readonly #scan = new ValueScan()
  #state: State = 'value'
  /** The objects of the path that are open. */
  #depth = 0
  #isInList = false
  #isOnPath = true
  #hasFound = false
  #hasBytes = false
  /** Of the file before the data in hand, where the token in it begins, and how far the data was read. */
  #base = 0
  #start = 0
  #at = 0

  constructor({ name, columns }: FormatRequest, records: string) {
    this.#name = name
    this.#records = records
    this.#isList = records.endsWith('[*]')
    const path = memberPath(this.#isList ? records.slice(0, -3) : records)
    if (path === undefined) throw unknownPath(records)
    this.#path = path
    this.#record = new JsonRecord(columns)
    this.#collector = new ReadCollector(stagedColumns(columns))
  }

  push(chunk: Uint8Array): readonly ReadBatch[] {
    const data = this.#carry.join(chunk)
    this.#hasBytes ||= chunk.length > 0
    const limit = data.length
    while (this.#at < limit) {
      if (this.#state === 'in-name' || this.#state === 'in-record' || this.#state === 'in-other') {
        if (!this.#endToken(data, limit, this.#state)) break
      } else {
        this.#at = skipSpace(data, this.#at, limit)
        if (this.#at < limit) this.#step(data[this.#at] ?? 0)
      }
    }
    const isWhole = this.#state !== 'in-name' && this.#state !== 'in-record'
    const kept = isWhole ? limit : this.#start
    this.#carry.keep(data, kept)
    if (this.#carry.isTooLong) throw this.#corrupt('the value that begins here has no end', this.#start)
    this.#base += kept
    this.#at = limit - kept
    this.#start = 0
    return this.#collector.takeFull()
  }

  finish(): readonly ReadBatch[] {
    if (this.#hasBytes && this.#state !== 'end') throw this.#corrupt('it ends in the middle', this.#at)
    if (this.#hasBytes && !this.#hasFound) throw this.#absent('nothing stands there')
    return this.#collector.takeAll()
  }

  #step(byte: number): void {
    if (this.#fits(byte)) return
    throw this.#corrupt(this.#state === 'end' ? 'something follows the end' : 'this is no JSON', this.#at)
  }

  /** Takes the byte; false when it cannot stand there. */
  #fits(byte: number): boolean {
    switch (this.#state) {
      case 'value':
        return this.#beginValue(byte)
      case 'first-name':
        return byte === closeObject ? this.#closeObject() : byte === quote && this.#beginToken('in-name', byte)
      case 'name':
        return byte === quote && this.#beginToken('in-name', byte)
      case 'colon':
        return byte === colon && this.#go('value')
      case 'after':
        return byte === closeObject ? this.#closeObject() : byte === comma && this.#go('name')
      case 'first-element':
        return byte === closeArray ? this.#closeList() : byte !== comma && this.#beginToken('in-record', byte)
      case 'element':
        return byte !== closeArray && byte !== comma && this.#beginToken('in-record', byte)
      case 'after-element':
        return byte === closeArray ? this.#closeList() : byte === comma && this.#go('element')
      default:
        return false
    }
  }

  #beginValue(byte: number): boolean {
    if (!this.#isOnPath) return this.#beginToken('in-other', byte)
    if (this.#depth < this.#path.length) {
      if (byte !== openObject) throw this.#absent('another value stands on the way to it')
      this.#depth += 1
      return this.#go('first-name')
    }
    if (this.#hasFound) throw this.#corrupt(`${this.#records} stands there twice`, this.#at)
    this.#hasFound = true
    if (byte !== (this.#isList ? openArray : openObject))
      throw this.#absent(`no ${this.#isList ? 'list' : 'object'} stands there`)
    if (!this.#isList) return this.#beginToken('in-record', byte)
    this.#isInList = true
    return this.#go('first-element')
  }

  #beginToken(state: Token, first: number): boolean {
    this.#state = state
    this.#start = this.#at
    this.#scan.begin(first)
    return true
  }

  /** False when its end has not come yet. */
  #endToken(data: Uint8Array, limit: number, token: Token): boolean {
    const end = this.#scan.end(data, this.#at, limit)
    this.#at = end < 0 ? limit : end
    if (end < 0) return false
    if (token === 'in-name') this.#takeName(data.subarray(this.#start, end))
    else {
      if (token === 'in-record') this.#takeRecord(data, this.#start, end)
      this.#endValue()
    }
    return true
  }

  #takeName(bytes: Uint8Array): void {
    const name = textOf(bytes)
    if (name === undefined) throw this.#corrupt('this is no JSON', this.#start)
    this.#isOnPath = name === this.#path[this.#depth - 1]
    this.#state = 'colon'
  }

  #takeRecord(data: Uint8Array, start: number, end: number): void {
    const isWhole = this.#record.readAt(data, start, end) === end
    const causes = isWhole ? this.#record.causes : [{ code: 'MALFORMED' } as const]
    if (causes.length > 0) {
      this.#collector.reject(undefined, causes, data.subarray(start, end))
      return
    }
    this.#record.addTo(this.#collector.columns)
    this.#collector.accept(end - start)
  }

  #endValue(): void {
    if (this.#isInList) this.#state = 'after-element'
    else this.#state = this.#depth === 0 ? 'end' : 'after'
  }

  #closeList(): boolean {
    this.#isInList = false
    this.#at += 1
    this.#endValue()
    return true
  }

  #closeObject(): boolean {
    this.#depth -= 1
    this.#at += 1
    this.#endValue()
    return true
  }

  #go(state: State): boolean {
    this.#state = state
    this.#at += 1
    return true
  }

  #corrupt(what: string, at: number): SluiceError {
    return new SluiceError('FILE_CORRUPT', `${this.#name}, byte ${this.#base + at}: ${what}.`, {
      hint: 'Have the file delivered again, or mend it at this byte.',
      details: { file: this.#name, byte: this.#base + at },
    })
  }

  #absent(what: string): SluiceError {
    return new SluiceError('SCHEMA_CHANGED', `${this.#name}: there are no records at ${this.#records}: ${what}.`, {
      hint: "Adapt the format's `records` to the file, or have it delivered as agreed.",
      details: { file: this.#name, records: this.#records },
    })
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch {
    return undefined
  }
}

function unknownPath(records: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The path ${JSON.stringify(records)} of the records is not one that Sluice knows.`, {
    hint: 'Write the members from the file down, each behind a point, and [*] behind a list of records: $.data.items[*]',
  })
}
