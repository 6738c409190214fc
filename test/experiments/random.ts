/** A number from 0 to below 1. */
export type Random = () => number

/** The seed of this run: `EXPERIMENT_SEED`, so that one that failed can be repeated, or one of its own. */
export const experimentSeed = Number(process.env['EXPERIMENT_SEED'] ?? 20_260_101)

/** The same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = (seed ^ experimentSeed) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
