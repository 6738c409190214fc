import { distance } from 'fastest-levenshtein'

/** The known name that a misspelt one most likely means; undefined when none is near. */
export function nearMiss(name: string, known: readonly string[]): string | undefined {
  const limit = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))
  const near = known
    .map((candidate) => ({ candidate, far: distance(candidate.toLowerCase(), name.toLowerCase()) }))
    .filter(({ far }) => far <= limit)
    .sort((left, right) => left.far - right.far)
  return near[0]?.candidate
}
