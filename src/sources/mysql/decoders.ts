import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import { dayOf } from './days.ts'

/**
 * One column of a block of rows, as the text protocol has it: at `starts[column + row * stride]` in `bytes` begins the length
 * of the cell, behind it are its characters.
 */
interface Cells {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly column: number
  readonly stride: number
  readonly rows: number
}

/** Adds the cells of a column. They are known to fit; no value is made of a cell but numbers. */
export type Decoder = (builder: ColumnBuilder, cells: Cells) => void

/** The length that means NULL. */
export const isNull = 251
const zero = 0x30
const minus = 0x2d
const dot = 0x2e
const two32 = 4_294_967_296

/** The characters of a cell of any length: `from` up to `to`. */
export function span(bytes: Buffer, at: number): { readonly from: number; readonly to: number } {
  const first = bytes[at] ?? 0
  if (first < isNull) return { from: at + 1, to: at + 1 + first }
  if (first === 252) return { from: at + 3, to: at + 3 + bytes.readUInt16LE(at + 1) }
  if (first === 253) return { from: at + 4, to: at + 4 + bytes.readUIntLE(at + 1, 3) }
  return { from: at + 9, to: at + 9 + bytes.readUIntLE(at + 1, 6) }
}

/** Whole numbers of up to 32 bits, and years. */
export const integers: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    let at = starts[cell] ?? 0
    const length = bytes[at++] ?? 0
    if (length === isNull) {
      builder.addNull()
      continue
    }
    const end = at + length
    const isNegative = bytes[at] === minus
    if (isNegative) at++
    let value = 0
    for (; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - zero
    builder.addInt(isNegative ? -value : value)
  }
}

export const booleans: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    if (bytes[at] === isNull) builder.addNull()
    else builder.addBoolean(bytes[at + 1] !== zero)
  }
}

/** Whole numbers of 64 bits, and decimals in units of their last digit: the server always writes all digits of the scale. */
export const decimals: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    let at = starts[cell] ?? 0
    const length = bytes[at++] ?? 0
    if (length === isNull) {
      builder.addNull()
      continue
    }
    const end = at + length
    const isNegative = bytes[at] === minus
    if (isNegative) at++
    if (end - at > 15) {
      addLong(builder, bytes, at, end, isNegative)
      continue
    }
    // 15 digits are exact as a number.
    let value = 0
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - zero
      if (digit >= 0) value = value * 10 + digit
    }
    if (isNegative) value = -value
    builder.addHalves(value | 0, Math.floor(value / two32))
  }
}

/** Up to 18 digits in two products under 2 ** 53, more as one big integer. */
function addLong(builder: ColumnBuilder, bytes: Buffer, from: number, to: number, isNegative: boolean): void {
  let digits = 0
  for (let at = from; at < to; at++) if (bytes[at] !== dot) digits++
  if (digits > 18) {
    const value = BigInt(bytes.toString('latin1', from, to).replace('.', ''))
    builder.addBigint(isNegative ? -value : value)
    return
  }
  let upper = 0
  let lower = 0
  let left = digits - 9
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - zero
    if (digit < 0) continue
    if (left-- > 0) upper = upper * 10 + digit
    else lower = lower * 10 + digit
  }
  addProduct(builder, upper, 1_000_000_000, lower, isNegative)
}

/** `value * factor + rest` in 64 bits, negated on demand; value under 2 ** 48, factor and rest under 2 ** 31. */
function addProduct(builder: ColumnBuilder, value: number, factor: number, rest: number, isNegative: boolean): void {
  const upper = Math.floor(value / 65_536) * factor
  const middle = (value - Math.floor(value / 65_536) * 65_536) * factor + rest
  const upperHigh = Math.floor(upper / 65_536)
  const sum = (upper - upperHigh * 65_536) * 65_536 + middle
  let low = sum | 0
  let high = upperHigh + Math.floor(sum / two32)
  if (isNegative) {
    low = -low | 0
    high = low === 0 ? -high : ~high
  }
  builder.addHalves(low, high)
}

/** float, double. */
export const numbers: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    const length = bytes[at] ?? 0
    if (length === isNull) builder.addNull()
    else builder.addNumber(Number(bytes.toString('latin1', at + 1, at + 1 + length)))
  }
}

/** Text, JSON and bytes, as they come. */
export const verbatim: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    const length = bytes[at] ?? 0
    if (length < isNull) builder.addBytes(bytes, at + 1, at + 1 + length)
    else if (length === isNull) builder.addNull()
    else {
      const { from, to } = span(bytes, at)
      builder.addBytes(bytes, from, to)
    }
  }
}

/** A date that is none of the calendar becomes NULL. */
export const dates: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    const day = bytes[at] === isNull ? undefined : dayOf(bytes, at + 1)
    if (day === undefined) builder.addNull()
    else builder.addInt(day)
  }
}

/** A moment whose date is none of the calendar becomes NULL. */
export const moments: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    const length = bytes[at] ?? 0
    const day = length === isNull ? undefined : dayOf(bytes, at + 1)
    if (day === undefined) builder.addNull()
    else addMicros(builder, day * 86_400 + secondsOf(bytes, at + 12), microsOf(bytes, at + 21, at + 1 + length))
  }
}

/** Times of a day. */
export const times: Decoder = (builder, { bytes, starts, column, stride, rows }) => {
  for (let row = 0, cell = column; row < rows; row++, cell += stride) {
    const at = starts[cell] ?? 0
    const length = bytes[at] ?? 0
    if (length === isNull) builder.addNull()
    else addMicros(builder, secondsOf(bytes, at + 1), microsOf(bytes, at + 10, at + 1 + length))
  }
}

/** Of `HH:MM:SS`. */
function secondsOf(bytes: Buffer, at: number): number {
  return pair(bytes, at) * 3600 + pair(bytes, at + 3) * 60 + pair(bytes, at + 6)
}

/** Of the digits behind the point, up to six. */
function microsOf(bytes: Buffer, from: number, to: number): number {
  let micros = 0
  for (let at = from; at < from + 6; at++) micros = micros * 10 + (at < to ? (bytes[at] ?? zero) - zero : 0)
  return micros
}

function pair(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) * 10 + (bytes[at + 1] ?? 0) - zero * 11
}

/** Microseconds pass 2 ** 53 in the year 2255. */
function addMicros(builder: ColumnBuilder, seconds: number, micros: number): void {
  const upper = Math.floor(seconds / 65_536) * 1_000_000
  const upperHigh = Math.floor(upper / 65_536)
  const sum = (upper - upperHigh * 65_536) * 65_536 + (seconds - Math.floor(seconds / 65_536) * 65_536) * 1_000_000 + micros
  builder.addHalves(sum | 0, upperHigh + Math.floor(sum / two32))
}
