import { isUtf8 } from 'node:buffer'
import type { ColumnBuilder } from '../columnar/column-builder.ts'
import type { RejectCause } from '../model/column-batch.ts'
import type { DeclaredColumn } from '../model/script.ts'
import { closeArray, closeObject, colon, comma, openArray, openObject, quote } from './json-bytes.ts'
import { isNumberStart, scanLiteral, scanNumber, skipSpace } from './json-scalars.ts'
import { type StringFacts, scanString, unescapeInto } from './json-string.ts'
import { type WantedMember, wantedMembers } from './json-wanted.ts'
import { shownValue } from './read-collector.ts'

const deepest = 512

/** What a column found in the record. */
const absent = 0
const isNull = 1
const isVerbatim = 2
const isEscaped = 3

const malformed: RejectCause = { code: 'MALFORMED' }
const none: readonly RejectCause[] = []
/** Of how many records the names of what no column takes are looked at, and how many names are kept. */
const [namedRecords, namedMembers] = [1_000, 20]

/** A list inside a record that is not a value of it, such as the records of a page. */
export interface JsonList {
  /** The members that lead to it, at least one. */
  readonly path: readonly string[]
  /** Reads the value that begins at `start`, whatever it is; returns where it ends, -1 when it is no JSON. */
  readonly read: (data: Uint8Array, start: number, limit: number) => number
}

/** Reads one JSON object at a time and keeps where each column's value lies; no value is turned into a JavaScript one. */
export class JsonRecord {
  readonly #columns: readonly DeclaredColumn[]
  readonly #root: WantedMember
  readonly #list: JsonList | undefined
  readonly #left: { readonly names: Set<string>; values: number } = { names: new Set(), values: 0 }
  readonly #kinds: number[]
  readonly #starts: number[]
  readonly #ends: number[]
  readonly #string: StringFacts = { end: -1, hasEscapes: false, hasLoneSurrogate: false, bits: 0 }
  #data: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)
  #limit = 0
  #nameEnd = -1
  #number = 0
  #bits = 0
  #causes: readonly RejectCause[] = none
  #scratch = Buffer.allocUnsafeSlow(256)

  constructor(columns: readonly DeclaredColumn[], list?: JsonList) {
    this.#columns = columns
    this.#root = wantedMembers(columns, list?.path)
    this.#list = list
    this.#kinds = columns.map(() => absent)
    this.#starts = columns.map(() => 0)
    this.#ends = columns.map(() => 0)
  }

  /** Why the record that was read last is to be refused; empty when it fits. */
  get causes(): readonly RejectCause[] {
    return this.#causes
  }

  /**
   * What no column took of the records so far: the values, and the names of their members as far as they are known.
   * Members below a member that some column wants are not counted.
   */
  get leftOut(): { readonly names: ReadonlySet<string>; readonly values: number } {
    return this.#left
  }

  /** Reads the object between `start` and `limit`; the reasons to refuse it, none when it fits. */
  read(data: Uint8Array, start: number, limit: number): readonly RejectCause[] {
    const begin = skipSpace(data, start, limit)
    const end = begin < limit && data[begin] === openObject ? this.readAt(data, begin, limit) : -1
    if (end < 0 || skipSpace(data, end, limit) < limit) return [malformed]
    return this.#causes
  }

  /**
   * Reads the value that begins at `start`; returns where it ends, -1 when it is no JSON. Of anything but an object the
   * {@link JsonRecord.causes} say MALFORMED. `isValid`: all of the bytes are known to be UTF-8.
   */
  readAt(data: Uint8Array, start: number, limit: number, isValid = false): number {
    if (data !== this.#data) {
      this.#data = data
      this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    }
    this.#limit = limit
    this.#number += 1
    this.#bits = 0
    this.#causes = none
    this.#kinds.fill(absent)
    const isObject = start < limit && data[start] === openObject
    const end = this.#value(start, 0, isObject ? this.#root : undefined)
    if (end < 0) return -1
    if (!isObject) {
      this.#causes = [malformed]
      return end
    }
    const { columns } = this.#root
    for (let index = 0; index < columns.length; index++) this.#note(columns[index] as number, isVerbatim, start, end)
    if (this.#bits >= 128 && !isValid && !isUtf8(data.subarray(start, end))) this.#blameBytes()
    return end
  }

  /** The text of a column's value in the record that was read last: null for NULL, undefined when there is no such member. */
  text(column: number): string | null | undefined {
    const kind = this.#kinds[column] ?? absent
    if (kind < isVerbatim) return kind === isNull ? null : undefined
    const [start, end] = [this.#starts[column] ?? 0, this.#ends[column] ?? 0]
    if (kind === isEscaped) return this.#unescaped(start, end).toString('utf8', 0, this.#unescapedLength)
    return Buffer.from(this.#data.buffer, this.#data.byteOffset + start, end - start).toString('utf8')
  }

  /** Adds each column's value of the record that `read` found to fit. */
  addTo(builders: readonly ColumnBuilder[]): void {
    for (let index = 0; index < builders.length; index++) {
      const builder = builders[index]
      if (builder === undefined) continue
      const kind = this.#kinds[index] ?? absent
      const start = this.#starts[index] ?? 0
      const end = this.#ends[index] ?? 0
      if (kind < isVerbatim) builder.addNull()
      else if (kind === isVerbatim) builder.addBytes(this.#data, start, end)
      else builder.addBytes(this.#unescaped(start, end), 0, this.#unescapedLength)
    }
  }

  #unescapedLength = 0

  #unescaped(start: number, end: number): Buffer {
    if (this.#scratch.length < end - start) this.#scratch = Buffer.allocUnsafeSlow((end - start) * 2)
    this.#unescapedLength = unescapeInto(this.#scratch, this.#data, start, end)
    return this.#scratch
  }

  /** Behind the object that begins at `start`; -1 when it is none. */
  #object(start: number, depth: number, wanted: WantedMember | undefined): number {
    const data = this.#data
    const limit = this.#limit
    if (depth > deepest) return -1
    let at = skipSpace(data, start + 1, limit)
    if (at < limit && data[at] === closeObject) return at + 1
    for (let next = 0; at < limit; ) {
      const member = wanted === undefined ? this.#skipName(at) : this.#find(wanted, next, at)
      if (member !== undefined) next = member.order + 1
      const valueStart = this.#nameEnd < 0 ? -1 : this.#behindColon(this.#nameEnd)
      at = valueStart < 0 ? -1 : this.#member(valueStart, depth, member)
      if (at < 0) return -1
      at = skipSpace(data, at, limit)
      if (at >= limit) return -1
      if (data[at] === closeObject) return at + 1
      if (data[at] !== comma) return -1
      at = skipSpace(data, at + 1, limit)
    }
    return -1
  }

  /** Leaves in `#nameEnd` where a name ends that nobody asks for; -1 when it is none. */
  #skipName(start: number): undefined {
    this.#nameEnd = this.#scan(start, undefined)
    return undefined
  }

  #behindColon(start: number): number {
    const at = skipSpace(this.#data, start, this.#limit)
    return at < this.#limit && this.#data[at] === colon ? skipSpace(this.#data, at + 1, this.#limit) : -1
  }

  #array(start: number, depth: number): number {
    const data = this.#data
    const limit = this.#limit
    if (depth > deepest) return -1
    let at = skipSpace(data, start + 1, limit)
    if (at < limit && data[at] === closeArray) return at + 1
    while (at < limit) {
      at = this.#value(at, depth, undefined)
      if (at < 0) return -1
      at = skipSpace(data, at, limit)
      if (at >= limit) return -1
      if (data[at] === closeArray) return at + 1
      if (data[at] !== comma) return -1
      at = skipSpace(data, at + 1, limit)
    }
    return -1
  }

  /** Behind the value that begins at `start`; -1 when it is none. Members of an object are looked up in `wanted`. */
  #value(start: number, depth: number, wanted: WantedMember | undefined): number {
    if (start >= this.#limit) return -1
    const byte = this.#data[start] ?? 0
    if (byte === quote) return this.#scan(start, wanted)
    if (byte === openObject) return this.#object(start, depth + 1, wanted)
    if (byte === openArray) return this.#array(start, depth + 1)
    if (isNumberStart(byte)) return scanNumber(this.#data, start, this.#limit)
    return scanLiteral(this.#data, start, this.#limit)
  }

  /** The value of a member, noted for the columns that want it. */
  #member(start: number, depth: number, member: WantedMember | undefined): number {
    if (member === undefined) return this.#value(start, depth, undefined)
    const isDuplicate = member.seenIn === this.#number
    if (isDuplicate) this.#blame(member, 'DUPLICATE_MEMBER')
    member.seenIn = this.#number
    const end = member.isList && this.#list ? this.#list.read(this.#data, start, this.#limit) : this.#value(start, depth, member)
    if (end < 0 || isDuplicate) return end
    const byte = this.#data[start] ?? 0
    const isString = byte === quote
    const isLiteralNull = byte === 0x6e
    const kind = isLiteralNull ? isNull : isString && this.#string.hasEscapes ? isEscaped : isVerbatim
    for (const column of member.columns) this.#note(column, kind, isString ? start + 1 : start, isString ? end - 1 : end)
    if (byte !== openObject && !isLiteralNull) {
      for (const below of member.members) this.#blame(below, 'MISFIT', this.#data.subarray(start, end))
    }
    return end
  }

  #note(column: number, kind: number, start: number, end: number): void {
    this.#kinds[column] = kind
    this.#starts[column] = start
    this.#ends[column] = end
  }

  /** Counts a value that no column takes. */
  #leave(start: number, end: number): void {
    this.#left.values += 1
    if (this.#number > namedRecords || this.#left.names.size >= namedMembers) return
    this.#left.names.add(shownValue(this.#data.subarray(start, end)))
  }

  /** Behind the string that begins at `start`. */
  #scan(start: number, member: WantedMember | undefined): number {
    if (this.#data[start] !== quote) return -1
    scanString(this.#data, this.#view, start, this.#limit, this.#string)
    this.#bits |= this.#string.bits
    if (this.#string.hasLoneSurrogate) {
      const value = this.#data.subarray(start + 1, Math.max(start + 1, this.#string.end - 1))
      if (member === undefined || member.columns.length === 0) this.#refuse({ code: 'ENCODING', value: shownValue(value) })
      else this.#blame(member, 'ENCODING', value)
    }
    return this.#string.end
  }

  /**
   * The wanted member whose name begins at `start`, and in `#nameEnd` where it ends; -1 when it is no name. Members mostly
   * come in the order of the columns, so the search begins at `next`.
   */
  #find(parent: WantedMember, next: number, start: number): WantedMember | undefined {
    const { members } = parent
    const expected = members[next]
    if (expected?.quoted !== undefined && this.#stands(expected.quoted, start)) return expected
    this.#skipName(start)
    if (this.#nameEnd < 0) return undefined
    const end = this.#nameEnd - 1
    let name = this.#data
    let from = start + 1
    let length = end - from
    if (this.#string.hasEscapes) {
      name = this.#unescaped(from, end)
      from = 0
      length = this.#unescapedLength
    }
    // No `find`: what its function needs would be allocated for each member of each record.
    for (const member of members) if (isName(member.bytes, name, from, length)) return member
    if (parent === this.#root && parent.columns.length === 0) this.#leave(start + 1, end)
    return undefined
  }

  /** Whether these bytes stand at `start`; then `#nameEnd` is behind them. */
  #stands(bytes: Uint8Array, start: number): boolean {
    const { length } = bytes
    if (start + length > this.#limit) return false
    for (let index = 0; index < length; index++) if (this.#data[start + index] !== bytes[index]) return false
    this.#nameEnd = start + length
    return true
  }

  /** Names every column at and below a member as refused. */
  #blame(member: WantedMember, code: 'DUPLICATE_MEMBER' | 'ENCODING' | 'MISFIT', value?: Uint8Array): void {
    for (const index of member.columns) {
      const column = this.#columns[index]?.name ?? member.name
      this.#refuse(value === undefined ? { code, column } : { code, column, value: shownValue(value) })
    }
    if (code !== 'ENCODING') for (const below of member.members) this.#blame(below, code, value)
  }

  /** Once for each code and column, however often the record gives cause. */
  #refuse(cause: RejectCause): void {
    const isKnown = this.#causes.some(({ code, column }) => code === cause.code && column === cause.column)
    if (!isKnown) this.#causes = [...this.#causes, cause]
  }

  #blameBytes(): void {
    const before = this.#causes.length
    const causes = [...this.#causes]
    for (const [index, { name: column }] of this.#columns.entries()) {
      if ((this.#kinds[index] ?? absent) < isVerbatim) continue
      const bytes = this.#data.subarray(this.#starts[index], this.#ends[index])
      if (!isUtf8(bytes)) causes.push({ code: 'ENCODING', column, value: shownValue(bytes) })
    }
    this.#causes = causes.length === before ? [...causes, { code: 'ENCODING' }] : causes
  }
}

function isName(wanted: Uint8Array, data: Uint8Array, start: number, length: number): boolean {
  if (wanted.length !== length) return false
  for (let index = 0; index < length; index++) if (wanted[index] !== data[start + index]) return false
  return true
}
