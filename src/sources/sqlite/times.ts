/** `YYYY-MM-DD HH:MM:SS` of a moment in UTC, shifted by seconds: the form that sorts at or before every form of that second. */
export function secondText(epochMs: number, separator: string): string {
  return new Date(Math.floor(epochMs / 1000) * 1000).toISOString().slice(0, 19).replace('T', separator)
}
