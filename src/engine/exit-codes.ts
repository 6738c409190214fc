const bySeriousness = [70, 75, 74, 78, 64, 65, 69, 77, 73, 4, 0] as const

/** The exit code of several steps: a signal's wins, then the most serious; 99 only when every step had nothing to do. */
export function mostSerious(exitCodes: readonly number[]): number {
  const signal = exitCodes.find((code) => code > 128)
  if (signal !== undefined) return signal
  if (exitCodes.some((code) => code !== 99 && !bySeriousness.some((known) => known === code))) return 70
  const worst = bySeriousness.find((code) => exitCodes.includes(code))
  return worst ?? (exitCodes.length > 0 ? 99 : 0)
}
