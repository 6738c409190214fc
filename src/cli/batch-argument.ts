import { SluiceError } from '../errors.ts'

/** Whether the text is a day of the calendar, `YYYY-MM-DD`: 2026-02-30 is none. */
export function isBatchDate(text: string): boolean {
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text)
}

/** What `--batch` says, undefined when it says nothing. USAGE when it is no day. */
export function batchOption({ batch }: { readonly batch?: string }): string | undefined {
  if (batch === undefined || isBatchDate(batch)) return batch
  throw new SluiceError('USAGE', `--batch ${batch} is not a date.`, {
    hint: 'Write it as YYYY-MM-DD, such as --batch 2026-11-22.',
  })
}

/** What `--limit` says. USAGE when it is no number of rows. */
export function limitOption({ limit }: { readonly limit: string }): number {
  const rows = Number(limit)
  if (Number.isInteger(rows) && rows > 0) return rows
  throw new SluiceError('USAGE', `--limit ${limit} is not a number of rows.`, {
    hint: 'Give a whole number over 0, such as --limit 100.',
  })
}
