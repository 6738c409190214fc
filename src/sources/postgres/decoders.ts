import { isUtf8 } from 'node:buffer'
import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import type { RejectCode } from '../../model/column-batch.ts'

/** Why a value cannot be staged, and the value as the server writes it. */
interface Refusal {
  readonly code: RejectCode
  readonly value: string
}

/** One column of a block of rows: in `bytes` its value of a row begins at `starts[column + row * stride]`; a length of -1 is NULL. */
interface Cells {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly column: number
  readonly stride: number
  readonly rows: number
}

/** How the values of COPY's binary format get into their column. */
export interface Decoder {
  /** Left out where every value fits. */
  readonly refuse?: (bytes: Buffer, at: number, length: number) => Refusal | undefined
  /** Adds values that are known to fit. */
  readonly add: (builder: ColumnBuilder, cells: Cells) => void
}

function int16At(bytes: Buffer, at: number): number {
  return (((bytes[at] ?? 0) << 24) >> 16) | (bytes[at + 1] ?? 0)
}

function int32At(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

export const int16: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addInt(int16At(bytes, starts[cell] ?? 0))
    }
  },
}

export const int32: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addInt(int32At(bytes, starts[cell] ?? 0))
    }
  },
}

export const int64: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      const at = starts[cell] ?? 0
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addHalves(int32At(bytes, at + 4), int32At(bytes, at))
    }
  },
}

export const oid: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addHalves(int32At(bytes, starts[cell] ?? 0), 0)
    }
  },
}

export const float32: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addNumber(bytes.readFloatBE(starts[cell]))
    }
  },
}

export const float64: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addNumber(bytes.readDoubleBE(starts[cell]))
    }
  },
}

export const bool: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addBoolean(bytes[starts[cell] ?? 0] === 1)
    }
  },
}

/** bytea, json, and text whose encoding the server vouches for. */
export const verbatim: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      const at = starts[cell] ?? 0
      const length = lengths[cell] ?? -1
      if (length < 0) builder.addNull()
      else builder.addBytes(bytes, at, at + length)
    }
  },
}

/** Text of a database that does not know its encoding (SQL_ASCII). */
export const uncertainText: Decoder = {
  refuse(bytes, at, length) {
    const value = bytes.subarray(at, at + length)
    return isUtf8(value) ? undefined : { code: 'ENCODING', value: value.toString('hex') }
  },
  add: verbatim.add,
}

/** The text follows a byte with the version of the format. */
export const jsonb: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      const at = starts[cell] ?? 0
      const length = lengths[cell] ?? -1
      if (length < 0) builder.addNull()
      else builder.addBytes(bytes, at + 1, at + length)
    }
  },
}

const uuidText = Buffer.alloc(36)
const hexDigits = Buffer.from('0123456789abcdef')

export const uuid: Decoder = {
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else addUuid(builder, bytes, starts[cell] ?? 0)
    }
  },
}

function addUuid(builder: ColumnBuilder, bytes: Buffer, at: number): void {
  let to = 0
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) uuidText[to++] = 0x2d
    const byte = bytes[at + index] ?? 0
    uuidText[to++] = hexDigits[byte >> 4] ?? 0
    uuidText[to++] = hexDigits[byte & 15] ?? 0
  }
  builder.addBytes(uuidText, 0, 36)
}

/** From 1970-01-01 to 2000-01-01, where Postgres begins to count. */
const epochDays = 10_957
const epochMicros = 946_684_800_000_000n
const wrap = 2 ** 32
const epochLow = Number(epochMicros % BigInt(wrap))
const epochHigh = Number(epochMicros / BigInt(wrap))
const lastMicros = 2n ** 63n - 1n - epochMicros
const largest64 = 2n ** 63n - 1n
const smallest64 = -(2n ** 63n)

export const date: Decoder = {
  refuse(bytes, at) {
    const days = int32At(bytes, at)
    return days === 0x7fff_ffff || days === -0x8000_0000 ? infinite(days > 0) : undefined
  },
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) builder.addNull()
      else builder.addInt(int32At(bytes, starts[cell] ?? 0) + epochDays)
    }
  },
}

/** Microseconds from 1970 on do not reach as far as Postgres, which counts from 2000: its last 30 years do not fit. */
export const moment: Decoder = {
  refuse(bytes, at) {
    // Only the first quarter of a byte is beyond what follows.
    const high = int32At(bytes, at)
    if (high > -0x8000_0000 && high < 0x7ffc_0000) return undefined
    const micros = bytes.readBigInt64BE(at)
    if (micros === largest64 || micros === smallest64) return infinite(micros > 0n)
    return micros > lastMicros ? { code: 'OUT_OF_RANGE', value: `${micros} microseconds from 2000-01-01 on` } : undefined
  },
  add(builder, { bytes, starts, lengths, column, stride, rows }) {
    for (let row = 0, cell = column; row < rows; row++, cell += stride) {
      if ((lengths[cell] ?? -1) < 0) {
        builder.addNull()
        continue
      }
      const at = starts[cell] ?? 0
      const low = (int32At(bytes, at + 4) >>> 0) + epochLow
      builder.addHalves(low | 0, int32At(bytes, at) + epochHigh + (low >= wrap ? 1 : 0))
    }
  },
}

function infinite(isPositive: boolean): Refusal {
  return { code: 'OUT_OF_RANGE', value: isPositive ? 'infinity' : '-infinity' }
}

const dayMicros = 86_400_000_000n

export const time: Decoder = {
  refuse: (bytes, at) => (bytes.readBigInt64BE(at) === dayMicros ? { code: 'OUT_OF_RANGE', value: '24:00:00' } : undefined),
  add: int64.add,
}

const powers = Array.from({ length: 80 }, (_, index) => 10n ** BigInt(index))
const smallPowers = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]

/** Digits of base 10,000 as an integer of units of `10 ** -scale`. */
export function numeric(scale: number): Decoder {
  return {
    refuse: (bytes, at) => (bytes[at + 4] === 0xc0 ? { code: 'MISFIT', value: 'NaN' } : undefined),
    add(builder, { bytes, starts, lengths, column, stride, rows }) {
      for (let row = 0, cell = column; row < rows; row++, cell += stride) {
        if ((lengths[cell] ?? -1) < 0) builder.addNull()
        else addNumeric(builder, bytes, starts[cell] ?? 0, scale)
      }
    },
  }
}

function addNumeric(builder: ColumnBuilder, bytes: Buffer, at: number, scale: number): void {
  const digits = int16At(bytes, at)
  const shift = scale - 4 * (digits - 1 - int16At(bytes, at + 2))
  const isNegative = bytes[at + 4] === 0x40
  const isSmall = shift <= 7 && 4 * digits + Math.max(0, shift) <= 15
  if (isSmall) {
    const few = under2To53(bytes, at, digits, shift)
    const value = isNegative ? -few : few
    builder.addHalves(value | 0, Math.floor(value / wrap))
    return
  }
  const unscaled = many(bytes, at, digits, shift)
  builder.addBigint(isNegative ? -unscaled : unscaled)
}

function under2To53(bytes: Buffer, at: number, digits: number, shift: number): number {
  let value = 0
  for (let index = 0; index < digits; index++) value = value * 10_000 + int16At(bytes, at + 8 + 2 * index)
  return shift < 0 ? value / (smallPowers[-shift] ?? 1) : value * (smallPowers[shift] ?? 1)
}

function many(bytes: Buffer, at: number, digits: number, shift: number): bigint {
  let value = 0n
  for (let index = 0; index < digits; index++) value = value * 10_000n + BigInt(bytes.readUInt16BE(at + 8 + 2 * index))
  const power = powers[Math.abs(shift)] ?? 10n ** BigInt(Math.abs(shift))
  // The last digit may have zeros behind the scale.
  return shift < 0 ? value / power : value * power
}
