import type { ReadBatch } from '../model/column-batch.ts'
import { corrupt, type FormatRequest, stagedColumns, type Tokenizer, tokenize } from './format-reading.ts'
import { JsonRecord } from './json-record.ts'
import { skipSpace } from './json-scalars.ts'
import { ReadCollector } from './read-collector.ts'
import { RecordCarry } from './record-carry.ts'

const lineFeed = 10

/**
 * Reads a JSON object a line. Numbers, `true`, `false` and nested values come as they are written, strings without their
 * escapes, a missing member as NULL. What is not such an object is refused by line; a last line that was cut is FILE_CORRUPT.
 */
export function readJsonLines(chunks: AsyncIterable<Uint8Array>, request: FormatRequest): AsyncGenerator<ReadBatch> {
  return tokenize(chunks, new JsonLines(request))
}

class JsonLines implements Tokenizer {
  readonly #name: string
  readonly #record: JsonRecord
  readonly #collector: ReadCollector
  readonly #carry = new RecordCarry()
  #position = 0
  #line = 1

  constructor(request: FormatRequest) {
    this.#name = request.name
    this.#record = new JsonRecord(request.columns)
    this.#collector = new ReadCollector(stagedColumns(request.columns))
  }

  push(chunk: Uint8Array): readonly ReadBatch[] {
    const data = this.#carry.join(chunk)
    let start = 0
    let end = data.indexOf(lineFeed, this.#position)
    while (end >= 0) {
      this.#take(data, start, end, false)
      this.#line += 1
      start = end + 1
      end = data.indexOf(lineFeed, start)
    }
    this.#position = data.length - start
    this.#carry.keep(data, start)
    if (this.#carry.isTooLong) throw corrupt(this.#name, this.#line, 'the line that begins here has no end.')
    return this.#collector.takeFull()
  }

  finish(): readonly ReadBatch[] {
    const data = this.#carry.join(new Uint8Array(0))
    this.#take(data, 0, data.length, true)
    return this.#collector.takeAll()
  }

  #take(data: Uint8Array, start: number, end: number, isLast: boolean): void {
    if (skipSpace(data, start, end) === end) return
    const causes = this.#record.read(data, start, end)
    if (causes.length === 0) {
      this.#record.addTo(this.#collector.columns)
      this.#collector.accept(end - start)
      return
    }
    // Without a line end behind it, a record that does not parse is one that was cut.
    if (isLast && causes[0]?.code === 'MALFORMED') throw corrupt(this.#name, this.#line, 'the last line is cut.')
    this.#collector.reject(this.#line, causes, data.subarray(start, end))
  }
}
