/** Whether the text is a day of the calendar, `YYYY-MM-DD`: 2026-02-30 is none. */
export function isBatchDate(text: string): boolean {
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text)
}
