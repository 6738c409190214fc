import type { ColumnVector } from '../model/column-batch.ts'
import type { ColumnType } from '../model/column-type.ts'
import { maxDictionaryEntries, maxPageRows, parquetType } from './parquet-type.ts'

/** The values of a dictionary's page, one behind the other, and where each begins. */
export interface Dictionary {
  readonly bytes: Uint8Array
  /** One more than there are entries: the last is the end. */
  readonly offsets: Uint32Array
}

/** Reads a dictionary's page of `entries` values; throws when it holds others. */
export function decodeDictionary(type: ColumnType, page: Buffer, entries: number): Dictionary {
  if (entries > maxDictionaryEntries) throw new Error('a dictionary of more entries than any of ours')
  const width = parquetType(type).width ?? 0
  const offsets = new Uint32Array(entries + 1)
  for (let entry = 0; entry < entries; entry++) {
    const at = offsets[entry] as number
    offsets[entry + 1] = at + (width === 0 ? 4 + page.readUInt32LE(at) : width)
  }
  if (offsets[entries] !== page.length) throw new Error('a dictionary of another size')
  return { bytes: page, offsets }
}

/** Reads a data page of `rows` rows; codes need the dictionary. Throws when the page holds anything else. */
export function decodePage(type: ColumnType, page: Buffer, rows: number, dictionary: Dictionary | undefined): ColumnVector {
  if (rows > maxPageRows) throw new Error('a page of more rows than any of ours')
  const levelsEnd = 4 + page.readUInt32LE(0)
  const levels = readRuns(page.subarray(0, levelsEnd), 4, 1, rows)
  const validity = Buffer.alloc((rows + 7) >> 3)
  let present = 0
  for (let row = 0; row < rows; row++) {
    const level = levels[row] as number
    validity[row >> 3] = (validity[row >> 3] as number) | (level << (row & 7))
    present += level
  }
  const body = page.subarray(levelsEnd)
  const values = dictionary ? expand(body, present, dictionary) : body
  if (!dictionary) checkPlain(type, body, present)
  return { type, nulls: rows - present, validity: present === rows ? undefined : validity, values }
}

function checkPlain(type: ColumnType, values: Buffer, count: number): void {
  const { width } = parquetType(type)
  let bytes = width === undefined ? (count + 7) >> 3 : count * width
  if (width === 0) for (let index = 0; index < count; index++) bytes += 4 + values.readUInt32LE(bytes)
  if (bytes !== values.length) throw new Error('a page of another size')
}

function expand(body: Buffer, count: number, { bytes, offsets }: Dictionary): Uint8Array {
  const codes = readRuns(body, 1, body.readUInt8(0), count)
  let length = 0
  for (const code of codes) {
    if (code >= offsets.length - 1) throw new Error('a code that the dictionary does not have')
    length += (offsets[code + 1] as number) - (offsets[code] as number)
  }
  const values = Buffer.allocUnsafe(length)
  let at = 0
  for (const code of codes) {
    const end = offsets[code + 1] as number
    for (let index = offsets[code] as number; index < end; index++) values[at++] = bytes[index] as number
  }
  return values
}

/** Reads `count` numbers of `width` bits from the runs at `start`: repeated values and packed ones. */
function readRuns(bytes: Buffer, start: number, width: number, count: number): Uint32Array {
  if (width > 24) throw new Error('codes of more bits than any of ours')
  const values = new Uint32Array(count)
  let at = start
  for (let filled = 0; filled < count; ) {
    let head = 0
    for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
      byte = bytes.readUInt8(at++)
      head |= (byte & 127) << shift
    }
    const isPacked = (head & 1) === 1
    const length = isPacked ? (head >>> 1) * 8 : head >>> 1
    const end = at + (isPacked ? (length * width) >> 3 : (width + 7) >> 3)
    if (length === 0 || end > bytes.length) throw new Error('a run that does not fit')
    const taken = Math.min(length, count - filled)
    if (isPacked) unpack(bytes, at, width, values.subarray(filled, filled + taken))
    else values.fill(bytes.readUIntLE(at, end - at), filled, filled + taken)
    filled += taken
    at = end
  }
  if (at !== bytes.length) throw new Error('bytes behind the last run')
  return values
}

function unpack(bytes: Buffer, start: number, width: number, values: Uint32Array): void {
  let at = start
  let bits = 0
  let used = 0
  for (let index = 0; index < values.length; index++) {
    for (; used < width; used += 8) bits |= (bytes[at++] as number) << used
    values[index] = bits & ((1 << width) - 1)
    bits >>>= width
    used -= width
  }
}
