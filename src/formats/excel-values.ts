const dayMs = 86_400_000

/** What a number format makes of a number. */
export type NumberKind = 'number' | 'date' | 'time' | 'moment' | 'duration'

/** The formats that every workbook has, by their number. */
const builtIn: readonly (readonly [from: number, to: number, NumberKind])[] = [
  [14, 17, 'date'],
  [18, 21, 'time'],
  [22, 22, 'moment'],
  [27, 31, 'date'],
  [32, 33, 'time'],
  [34, 36, 'date'],
  [45, 45, 'time'],
  [46, 46, 'duration'],
  [47, 47, 'time'],
  [50, 58, 'date'],
]

/** What the format of this number makes of a number. */
export function kindOfFormat(id: number, code: string | undefined): NumberKind {
  if (code === undefined) return builtIn.find(([from, to]) => id >= from && id <= to)?.[2] ?? 'number'
  // Only the first section counts; quoted text, colours, escaped and filling characters do not.
  const [section = ''] = code.replace(/"[^"]*"|\\.|_.|\*./g, '').split(';')
  if (/\[(h+|m+|s+)\]/i.test(section)) return 'duration'
  const bare = section.replace(/\[[^\]]*\]/g, '').replace(/general/gi, '')
  const hasClock = /[hs]/i.test(bare)
  const hasDay = /[yd]/i.test(bare) || (/m/i.test(bare) && !hasClock)
  if (hasDay) return hasClock ? 'moment' : 'date'
  return hasClock ? 'time' : 'number'
}

/**
 * The number that stands in a cell, without an exponent: as it is stored up to 15 digits, beyond in the fewest digits that
 * give the same value back. Undefined when it is none.
 */
export function numberText(stored: string): string | undefined {
  const text = stored.trim()
  if (/^-?\d+$/.test(text)) return text
  const value = Number(text)
  if (text === '' || !Number.isFinite(value)) return undefined
  const digits = text.replace(/^-?0*\.?0*|\./g, '')
  return /^-?\d+\.\d+$/.test(text) && digits.length <= 15 ? text : withoutExponent(String(value))
}

/** A date, time or moment as ISO 8601 has it, with a space; undefined where the calendar has none. */
export function dateText(stored: string, kind: NumberKind, is1904: boolean): string | undefined {
  const serial = Number(stored)
  if (stored.trim() === '' || !Number.isFinite(serial) || serial < 0) return undefined
  const ms = Math.round(serial * dayMs)
  const clock = clockText(ms % dayMs)
  if (kind === 'duration') return clockText(ms)
  if (kind === 'time' && ms < dayMs) return clock
  const day = dayText(Math.floor(ms / dayMs), is1904)
  if (day === undefined) return undefined
  return kind === 'date' && ms % dayMs === 0 ? day : `${day} ${clock}`
}

/** The calendar of 1900 has a 29 February 1900, which was none. */
function dayText(days: number, is1904: boolean): string | undefined {
  if (!is1904 && days === 60) return undefined
  const epoch = is1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30)
  const date = new Date(epoch + days * dayMs)
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 ? undefined : date.toISOString().slice(0, 10)
}

function clockText(ms: number): string {
  const pair = (value: number) => String(value).padStart(2, '0')
  const clock = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60].map(pair).join(':')
  return ms % 1000 === 0 ? clock : `${clock}.${String(ms % 1000).padStart(3, '0')}`
}

function withoutExponent(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d+)\.?(\d*)(?:e([+-]\d+))?$/.exec(text) ?? []
  if (exponent === undefined) return text
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length)
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
