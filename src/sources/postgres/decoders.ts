import { isUtf8 } from 'node:buffer'
import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import type { RejectCode } from '../../model/column-batch.ts'

/** Why a value cannot be staged, and the value as the server writes it. */
interface Refusal {
  readonly code: RejectCode
  readonly value: string
}

/** How a value of COPY's binary format gets into its column. */
export interface Decoder {
  /** Left out where every value fits. */
  readonly refuse?: (bytes: Buffer, at: number, length: number) => Refusal | undefined
  readonly add: (builder: ColumnBuilder, bytes: Buffer, at: number, length: number) => void
}

export const int16: Decoder = { add: (builder, bytes, at) => builder.addInt(bytes.readInt16BE(at)) }
export const int32: Decoder = { add: (builder, bytes, at) => builder.addInt(bytes.readInt32BE(at)) }
export const int64: Decoder = { add: (builder, bytes, at) => builder.addHalves(bytes.readInt32BE(at + 4), bytes.readInt32BE(at)) }
export const oid: Decoder = { add: (builder, bytes, at) => builder.addHalves(bytes.readInt32BE(at), 0) }
export const float32: Decoder = { add: (builder, bytes, at) => builder.addNumber(bytes.readFloatBE(at)) }
export const float64: Decoder = { add: (builder, bytes, at) => builder.addNumber(bytes.readDoubleBE(at)) }
export const bool: Decoder = { add: (builder, bytes, at) => builder.addBoolean(bytes[at] === 1) }
/** bytea, json, and text whose encoding the server vouches for. */
export const verbatim: Decoder = { add: (builder, bytes, at, length) => builder.addBytes(bytes, at, at + length) }

/** Text of a database that does not know its encoding (SQL_ASCII). */
export const uncertainText: Decoder = {
  refuse(bytes, at, length) {
    const value = bytes.subarray(at, at + length)
    return isUtf8(value) ? undefined : { code: 'ENCODING', value: value.toString('hex') }
  },
  add: verbatim.add,
}

/** The text follows a byte with the version of the format. */
export const jsonb: Decoder = { add: (builder, bytes, at, length) => builder.addBytes(bytes, at + 1, at + length) }

const uuidText = Buffer.alloc(36)
const hexDigits = Buffer.from('0123456789abcdef')

export const uuid: Decoder = {
  add(builder, bytes, at) {
    let to = 0
    for (let index = 0; index < 16; index++) {
      if (index === 4 || index === 6 || index === 8 || index === 10) uuidText[to++] = 0x2d
      const byte = bytes[at + index] ?? 0
      uuidText[to++] = hexDigits[byte >> 4] ?? 0
      uuidText[to++] = hexDigits[byte & 15] ?? 0
    }
    builder.addBytes(uuidText, 0, 36)
  },
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
    const days = bytes.readInt32BE(at)
    return days === 0x7fff_ffff || days === -0x8000_0000 ? infinite(days > 0) : undefined
  },
  add: (builder, bytes, at) => builder.addInt(bytes.readInt32BE(at) + epochDays),
}

/** Microseconds from 1970 on do not reach as far as Postgres, which counts from 2000: its last 30 years do not fit. */
export const moment: Decoder = {
  refuse(bytes, at) {
    // Only the first quarter of a byte is beyond what follows.
    const high = bytes.readInt32BE(at)
    if (high > -0x8000_0000 && high < 0x7ffc_0000) return undefined
    const micros = bytes.readBigInt64BE(at)
    if (micros === largest64 || micros === smallest64) return infinite(micros > 0n)
    return micros > lastMicros ? { code: 'OUT_OF_RANGE', value: `${micros} microseconds from 2000-01-01 on` } : undefined
  },
  add(builder, bytes, at) {
    const low = bytes.readUInt32BE(at + 4) + epochLow
    builder.addHalves(low | 0, bytes.readInt32BE(at) + epochHigh + (low >= wrap ? 1 : 0))
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
    add(builder, bytes, at) {
      const digits = bytes.readUInt16BE(at)
      const shift = scale - 4 * (digits - 1 - bytes.readInt16BE(at + 2))
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
    },
  }
}

function under2To53(bytes: Buffer, at: number, digits: number, shift: number): number {
  let value = 0
  for (let index = 0; index < digits; index++) value = value * 10_000 + bytes.readUInt16BE(at + 8 + 2 * index)
  return shift < 0 ? value / (smallPowers[-shift] ?? 1) : value * (smallPowers[shift] ?? 1)
}

function many(bytes: Buffer, at: number, digits: number, shift: number): bigint {
  let value = 0n
  for (let index = 0; index < digits; index++) value = value * 10_000n + BigInt(bytes.readUInt16BE(at + 8 + 2 * index))
  const power = powers[Math.abs(shift)] ?? 10n ** BigInt(Math.abs(shift))
  // The last digit may have zeros behind the scale.
  return shift < 0 ? value / power : value * power
}
