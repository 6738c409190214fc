const isoMoment = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i

/** A moment of a text, in microseconds from 1970-01-01 UTC, and how the text is written. */
export interface Moment {
  readonly micros: bigint
  readonly separator: 'T' | ' '
  readonly hasZone: boolean
}

/** The moment of an ISO 8601 date or time; without a zone it counts as UTC. Undefined when the text is none. */
export function momentOf(text: string): Moment | undefined {
  const parts = isoMoment.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0))
  const [, , , , , , , fraction = '', zone] = parts
  const utcMs = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
  const date = new Date(utcMs)
  // `Date` takes 02-30 for 03-01.
  if (date.getUTCMonth() + 1 !== month || date.getUTCDate() !== day || (hour ?? 0) > 23 || (minute ?? 0) > 59) return undefined
  const micros = BigInt(utcMs) * 1_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6))
  return { micros: micros - offsetMicros(zone), separator: text[10] === ' ' ? ' ' : 'T', hasZone: zone !== undefined }
}

/** A moment as text, with as many digits of the second as it needs. */
export function momentText(micros: bigint, { separator, hasZone }: Pick<Moment, 'separator' | 'hasZone'>): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - fraction) / 1_000n)).toISOString().slice(0, 19).replace('T', separator)
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0')}`
  return `${seconds}${digits}${hasZone ? 'Z' : ''}`
}

function offsetMicros(zone: string | undefined): bigint {
  if (zone === undefined || zone.length === 1) return 0n
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return BigInt(zone.startsWith('-') ? -minutes : minutes) * 60_000_000n
}
