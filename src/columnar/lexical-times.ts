const dayMs = 86_400_000
const date = /^(\d{4})-(\d\d)-(\d\d)$/
const time = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6})0*)?$/
const offset = /(Z|[+-](?:0\d|1[0-4])(?::[0-5]\d)?)$/

/** Days from 1970-01-01 of `YYYY-MM-DD`; undefined when there is no such day. */
export function dayNumber(text: string): number | undefined {
  const parts = date.exec(text)
  if (!parts || parts[1] === '0000') return undefined
  // `Date` reads ISO dates as UTC and lets 02-30 pass as 03-01, so the day is compared with what was read.
  const moment = new Date(`${text}T00:00:00Z`)
  if (Number.isNaN(moment.getTime()) || moment.getUTCDate() !== Number(parts[3])) return undefined
  return moment.getTime() / dayMs
}

/** Microseconds from midnight of `HH:MM:SS[.ffffff]`. */
export function parseTime(text: string): bigint | undefined {
  const parts = time.exec(text)
  if (!parts) return undefined
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3])
  return BigInt(seconds * 1_000_000 + Number((parts[4] ?? '').padEnd(6, '0')))
}

/** Microseconds from 1970-01-01 of `YYYY-MM-DD HH:MM:SS[.ffffff]`, with a space or a T. */
export function parseTimestamp(text: string): bigint | undefined {
  if (text[10] !== ' ' && text[10] !== 'T') return undefined
  const days = dayNumber(text.slice(0, 10))
  const rest = parseTime(text.slice(11))
  return days === undefined || rest === undefined ? undefined : BigInt(days) * 86_400_000_000n + rest
}

/** The instant of a timestamp that says its offset: `Z`, `+02:00` or `+02`. */
export function parseInstant(text: string): bigint | undefined {
  const zone = offset.exec(text)?.[1]
  if (zone === undefined) return undefined
  const local = parseTimestamp(text.slice(0, -zone.length).trimEnd())
  if (local === undefined || zone === 'Z') return local
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return local - BigInt(zone.startsWith('-') ? -minutes : minutes) * 60_000_000n
}
