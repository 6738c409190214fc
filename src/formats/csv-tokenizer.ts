import { isUtf8 } from 'node:buffer'
import type { ColumnBuilder } from '../columnar/column-builder.ts'
import type { ReadBatch, RejectCause } from '../model/column-batch.ts'
import { type CsvLayout, headerLayout, headerMissing, positionalLayout } from './csv-layout.ts'
import { corrupt, type FormatRequest, stagedColumns, type Tokenizer } from './format-reading.ts'
import { ReadCollector, shownValue } from './read-collector.ts'
import { RecordCarry } from './record-carry.ts'

/** {@link CsvOptions} as bytes. */
interface CsvMarks {
  readonly delimiter: number
  readonly quote: number
  readonly header: boolean
  readonly nulls: readonly Uint8Array[]
}

const lineFeed = 10
const carriageReturn = 13

/** Where in a field the next byte lies. */
const atFieldStart = 0
const inPlainField = 1
const inQuotedField = 2
const behindQuote = 3

/** What is known of a field besides its bytes. */
const isQuoted = 1
const hasDoubledQuote = 2
const hasTextBehindQuote = 4

/** Offsets are counted from the record's beginning, so a record may move when a chunk follows. */
export class CsvTokenizer implements Tokenizer {
  readonly #request: FormatRequest
  readonly #marks: CsvMarks
  readonly #isEmptyNull: boolean
  readonly #collector: ReadCollector
  readonly #carry = new RecordCarry()
  #layout: CsvLayout | undefined
  #hasBytes = false
  #state = atFieldStart
  #position = 0
  #recordStart = 0
  #starts: number[] = []
  #ends: number[] = []
  #flags: number[] = []
  #fields = 0
  #fieldStart = 0
  #fieldFlags = 0
  #recordFlags = 0
  #bits = 0
  #line = 1
  #recordLine = 1
  #quoteLine = 1
  #isBehindReturn = false
  #scratch = Buffer.allocUnsafeSlow(256)

  constructor(request: FormatRequest, marks: CsvMarks) {
    this.#request = request
    this.#marks = marks
    this.#isEmptyNull = marks.nulls.length === 1 && marks.nulls[0]?.length === 0
    this.#collector = new ReadCollector(stagedColumns(request.columns))
    if (!marks.header) this.#layout = positionalLayout(request)
  }

  push(chunk: Uint8Array): readonly ReadBatch[] {
    // Also of a chunk that is empty now: then a byte order mark was left out.
    this.#hasBytes = true
    const data = this.#carry.join(chunk)
    this.#recordStart = 0
    let at = this.#position
    while (at < data.length) {
      if (this.#state === inPlainField) at = this.#readPlain(data, at)
      else if (this.#state === atFieldStart) at = this.#beginField(data, at)
      else if (this.#state === inQuotedField) at = this.#readQuoted(data, at)
      else at = this.#readBehindQuote(data, at)
    }
    this.#position = data.length - this.#recordStart
    this.#carry.keep(data, this.#recordStart)
    if (this.#carry.isTooLong) {
      throw corrupt(this.#request.name, this.#recordLine, 'the record that begins here has no end; a quote may not be closed.')
    }
    return this.#collector.takeFull()
  }

  finish(): readonly ReadBatch[] {
    if (this.#state === inQuotedField) {
      throw corrupt(this.#request.name, this.#quoteLine, 'the quote that opens here is never closed.')
    }
    if (this.#position > 0) {
      const data = this.#carry.join(new Uint8Array(0))
      this.#recordStart = 0
      if (this.#state === atFieldStart) {
        this.#fieldStart = data.length
        this.#fieldFlags = 0
      }
      this.#endField(this.#state === behindQuote ? data.length - 1 : data.length)
      this.#endRecord(data, data.length, data.length)
    }
    if (this.#layout === undefined && this.#hasBytes) throw headerMissing(this.#request)
    return this.#collector.takeAll()
  }

  #beginField(data: Uint8Array, at: number): number {
    const byte = data[at]
    if (this.#isBehindReturn) {
      this.#isBehindReturn = false
      if (byte === lineFeed) {
        this.#recordStart = at + 1
        return at + 1
      }
    }
    if (byte === this.#marks.quote) {
      this.#state = inQuotedField
      this.#quoteLine = this.#line
      this.#fieldFlags = isQuoted
      this.#fieldStart = at + 1 - this.#recordStart
      return at + 1
    }
    this.#state = inPlainField
    this.#fieldFlags = 0
    this.#fieldStart = at - this.#recordStart
    return at
  }

  /** Reads on as long as the fields are plain ones of the same record. */
  #readPlain(data: Uint8Array, from: number): number {
    const { delimiter, quote } = this.#marks
    const highest = Math.max(delimiter, carriageReturn)
    const [starts, ends, flags] = [this.#starts, this.#ends, this.#flags]
    const recordStart = this.#recordStart
    const end = data.length
    let fields = this.#fields
    let fieldStart = this.#fieldStart
    let bits = this.#bits
    let at = from
    this.#recordFlags |= this.#fieldFlags
    for (; at < end; at++) {
      const byte = data[at] ?? 0
      // Nearly all bytes are told by this one comparison.
      if (byte > highest || (byte !== delimiter && byte !== lineFeed && byte !== carriageReturn)) {
        bits |= byte
        continue
      }
      const next = data[at + 1]
      if (byte !== delimiter || next === undefined || next === quote) break
      starts[fields] = fieldStart
      ends[fields] = at - recordStart
      flags[fields] = this.#fieldFlags
      fields += 1
      this.#fieldFlags = 0
      fieldStart = at + 1 - recordStart
    }
    this.#fields = fields
    this.#fieldStart = fieldStart
    this.#bits = bits
    return at < end ? this.#separate(data, at, at, data[at] ?? 0) : end
  }

  #readQuoted(data: Uint8Array, from: number): number {
    const { quote } = this.#marks
    const end = data.length
    let bits = this.#bits
    for (let at = from; at < end; at++) {
      const byte = data[at] ?? 0
      if (byte === quote) {
        this.#bits = bits
        this.#state = behindQuote
        return at + 1
      }
      if (byte === carriageReturn || (byte === lineFeed && data[at - 1] !== carriageReturn)) this.#line += 1
      bits |= byte
    }
    this.#bits = bits
    return end
  }

  #readBehindQuote(data: Uint8Array, at: number): number {
    const byte = data[at] ?? 0
    if (byte === this.#marks.quote) {
      this.#fieldFlags |= hasDoubledQuote
      this.#state = inQuotedField
      return at + 1
    }
    if (byte === this.#marks.delimiter || byte === lineFeed || byte === carriageReturn) {
      return this.#separate(data, at - 1, at, byte)
    }
    this.#fieldFlags |= hasTextBehindQuote
    this.#state = inPlainField
    return at
  }

  /** Ends the field, and the record when the byte ends a line. */
  #separate(data: Uint8Array, fieldEnd: number, at: number, byte: number): number {
    this.#endField(fieldEnd - this.#recordStart)
    if (byte === this.#marks.delimiter) {
      this.#state = atFieldStart
      return at + 1
    }
    this.#isBehindReturn = byte === carriageReturn
    this.#endRecord(data, at, at + 1)
    return at + 1
  }

  #endField(end: number): void {
    const field = this.#fields++
    this.#starts[field] = this.#fieldStart
    this.#ends[field] = end
    this.#flags[field] = this.#fieldFlags
    this.#recordFlags |= this.#fieldFlags
  }

  #endRecord(data: Uint8Array, end: number, next: number): void {
    const record = { data, start: this.#recordStart, end }
    if (this.#layout !== undefined) this.#takeRow(record, this.#layout)
    else if (!this.#isBlank(record)) this.#layout = headerLayout(this.#headers(record), this.#request)
    this.#state = atFieldStart
    this.#recordStart = next
    this.#fields = 0
    this.#recordFlags = 0
    this.#bits = 0
    this.#line += 1
    this.#recordLine = this.#line
  }

  #isBlank({ start, end }: RecordBytes): boolean {
    return start === end
  }

  #headers({ data, start, end }: RecordBytes): readonly string[] {
    const { name } = this.#request
    if (!isUtf8(data.subarray(start, end))) throw corrupt(name, this.#recordLine, 'the header is not UTF-8.')
    if (this.#recordFlags & hasTextBehindQuote) {
      throw corrupt(name, this.#recordLine, 'the header has text behind a closing quote.')
    }
    return this.#starts.slice(0, this.#fields).map((from, field) => {
      const to = this.#ends[field] ?? from
      if (!((this.#flags[field] ?? 0) & hasDoubledQuote)) return Buffer.from(data.subarray(start + from, start + to)).toString()
      return this.#undoubled(data, start + from, start + to).toString()
    })
  }

  #takeRow(record: RecordBytes, layout: CsvLayout): void {
    if (layout.width > 1 && this.#isBlank(record)) return
    const { data, start, end } = record
    const causes = this.#causes(record, layout)
    if (causes !== undefined) {
      this.#collector.reject(this.#recordLine, causes, data.subarray(start, end))
      return
    }
    if (this.#recordFlags === 0 && this.#isEmptyNull) this.#addPlain(data, start, layout.fields)
    else {
      const { columns } = this.#collector
      for (let column = 0; column < columns.length; column++) {
        const builder = columns[column]
        if (builder !== undefined) this.#addField(builder, data, start, layout.fields[column] ?? 0)
      }
    }
    this.#collector.accept(end - start)
  }

  /** Fields without a quote, of which the empty ones are NULL: what nearly all are. */
  #addPlain(data: Uint8Array, recordStart: number, fields: readonly number[]): void {
    const { columns } = this.#collector
    const [starts, ends] = [this.#starts, this.#ends]
    for (let column = 0; column < columns.length; column++) {
      const field = fields[column] as number
      const start = starts[field] as number
      const end = ends[field] as number
      if (start === end) columns[column]?.addNull()
      else columns[column]?.addBytes(data, recordStart + start, recordStart + end)
    }
  }

  #addField(builder: ColumnBuilder, data: Uint8Array, recordStart: number, field: number): void {
    const flags = this.#flags[field] ?? 0
    const start = recordStart + (this.#starts[field] ?? 0)
    const end = recordStart + (this.#ends[field] ?? 0)
    if (flags & hasDoubledQuote) {
      const text = this.#undoubled(data, start, end)
      builder.addBytes(text, 0, text.length)
    } else if (flags === 0 && this.#isNull(data, start, end)) builder.addNull()
    else builder.addBytes(data, start, end)
  }

  #isNull(data: Uint8Array, start: number, end: number): boolean {
    const { nulls } = this.#marks
    for (let index = 0; index < nulls.length; index++) {
      const text = nulls[index]
      if (text === undefined || text.length !== end - start) continue
      let at = 0
      while (at < text.length && data[start + at] === text[at]) at++
      if (at === text.length) return true
    }
    return false
  }

  #causes({ data, start, end }: RecordBytes, layout: CsvLayout): readonly RejectCause[] | undefined {
    if (this.#recordFlags & hasTextBehindQuote) return [{ code: 'MALFORMED' }]
    if (this.#fields !== layout.width) return [{ code: 'RAGGED' }]
    if (this.#bits < 128 || isUtf8(data.subarray(start, end))) return undefined
    const causes: RejectCause[] = []
    for (const [index, { name: column }] of this.#request.columns.entries()) {
      const field = layout.fields[index] ?? 0
      const bytes = data.subarray(start + (this.#starts[field] ?? 0), start + (this.#ends[field] ?? 0))
      if (!isUtf8(bytes)) causes.push({ code: 'ENCODING', column, value: shownValue(bytes) })
    }
    return causes.length > 0 ? causes : [{ code: 'ENCODING' }]
  }

  /** The field's bytes with single quotes, in memory that the next call uses again. */
  #undoubled(data: Uint8Array, start: number, end: number): Buffer {
    if (this.#scratch.length < end - start) this.#scratch = Buffer.allocUnsafeSlow((end - start) * 2)
    const { quote } = this.#marks
    let length = 0
    for (let at = start; at < end; at++) {
      const byte = data[at] ?? 0
      this.#scratch[length++] = byte
      if (byte === quote) at++
    }
    return this.#scratch.subarray(0, length)
  }
}

interface RecordBytes {
  readonly data: Uint8Array
  readonly start: number
  readonly end: number
}
