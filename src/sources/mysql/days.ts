const zero = 0x30
const years = 10_000

/** Days from 1970-01-01 to the day before the first of a month, by year * 16 + month; and how many days the month has. */
const before = new Int32Array(years * 16)
const lengths = new Uint8Array(years * 16)

for (let year = 1; year < years; year++) {
  for (let month = 1; month <= 12; month++) {
    // Not by its constructor, which takes the years before 100 for those of the last century.
    const first = new Date(0).setUTCFullYear(year, month - 1, 1) / 86_400_000
    before[year * 16 + month] = first - 1
    lengths[year * 16 + month] = new Date(0).setUTCFullYear(year, month, 1) / 86_400_000 - first
  }
}

/** Days from 1970-01-01 of the `YYYY-MM-DD` at `at`; undefined when the calendar has no such day. */
export function dayOf(bytes: Buffer, at: number): number | undefined {
  const year = digits(bytes, at) * 100 + digits(bytes, at + 2)
  const index = year * 16 + digits(bytes, at + 5)
  const day = digits(bytes, at + 8)
  return day >= 1 && day <= (lengths[index] ?? 0) ? (before[index] ?? 0) + day : undefined
}

function digits(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) * 10 + (bytes[at + 1] ?? 0) - zero * 11
}
