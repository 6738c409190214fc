import type { ColumnVector } from '../model/column-batch.ts'
import type { ColumnType } from '../model/column-type.ts'

/**
 * The exact canonical text of each cell of a vector of `rows` rows, null where there is no value.
 *
 * Integers and decimals are written in full with all digits of the scale, floats as JavaScript writes them
 * (a `float` in the fewest digits that give it back), dates as `YYYY-MM-DD`, times as `HH:MM:SS.ffffff` and moments
 * as `YYYY-MM-DD HH:MM:SS.ffffff` without trailing zeros of the fraction and with `-` before years below 0,
 * binary as lower-case hex.
 */
export function cellTexts(vector: ColumnVector, rows: number): (string | null)[] {
  const { type, validity, values } = vector
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  const next = valueReader(type, bytes)
  const texts: (string | null)[] = []
  for (let row = 0; row < rows; row++) {
    const isPresent = validity === undefined || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
    texts.push(isPresent ? next() : null)
  }
  return texts
}

/** A function that returns the text of the next value each time. */
function valueReader(type: ColumnType, bytes: Buffer): () => string {
  let at = 0
  const step = (width: number) => {
    const start = at
    at += width
    return start
  }
  const nextBit = () => {
    const bit = step(1)
    return ((bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  }
  const nextBytes = () => {
    const length = bytes.readUInt32LE(step(4))
    const start = step(length)
    return bytes.subarray(start, start + length)
  }
  switch (type.kind) {
    case 'boolean':
      return () => String(nextBit())
    case 'int8':
    case 'int16':
    case 'int32':
      return () => String(bytes.readInt32LE(step(4)))
    case 'int64':
      return () => String(bytes.readBigInt64LE(step(8)))
    case 'decimal':
      if (type.precision > 18) return () => decimalText(wideInteger(bytes, step(16)), type.scale)
      return () => decimalText(bytes.readBigInt64LE(step(8)), type.scale)
    case 'float':
      return () => floatText(bytes.readFloatLE(step(4)))
    case 'double':
      return () => doubleText(bytes.readDoubleLE(step(8)))
    case 'text':
    case 'json':
    case 'uuid':
      return () => nextBytes().toString('utf8')
    case 'binary':
      return () => nextBytes().toString('hex')
    case 'date':
      return () => dateText(bytes.readInt32LE(step(4)))
    case 'time':
      return () => timeText(bytes.readBigInt64LE(step(8)))
    case 'timestamp':
    case 'timestamptz':
      return () => momentText(bytes.readBigInt64LE(step(8)))
  }
}

function wideInteger(bytes: Buffer, at: number): bigint {
  return (bytes.readBigInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8)
}

function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function floatText(value: number): string {
  if (value === 0) return doubleText(value)
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}

/** Days from 1970-01-01 as a date of the Gregorian calendar, also where a JavaScript Date ends. */
function dateText(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const yearText = `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}`
  return `${yearText}-${pair(month)}-${pair(day)}`
}

const microsOfDay = 86_400_000_000n

function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n)
  const clock = `${pair(Math.floor(seconds / 3600))}:${pair(Math.floor(seconds / 60) % 60)}:${pair(seconds % 60)}`
  const fraction = String(micros % 1_000_000n)
  return fraction === '0' ? clock : `${clock}.${fraction.padStart(6, '0').replace(/0+$/, '')}`
}

function momentText(micros: bigint): string {
  const ofDay = ((micros % microsOfDay) + microsOfDay) % microsOfDay
  return `${dateText(Number((micros - ofDay) / microsOfDay))} ${timeText(ofDay)}`
}

function pair(value: number): string {
  return String(value).padStart(2, '0')
}
