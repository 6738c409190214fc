/** The rows whose key lies after one key, up to and including another; each a text per column, in the database's own form. */
export interface KeyRange {
  /** Undefined: from the first. */
  readonly after: readonly string[] | undefined
  /** Undefined: to the last. */
  readonly to: readonly string[] | undefined
}

/** How keys are written into SQL. */
export interface KeyColumns {
  /** The columns of the key, quoted for SQL. */
  readonly quoted: readonly string[]
  /** A value of the n-th column as SQL, such that the database compares it as one of that column. */
  readonly literal: (text: string, column: number) => string
}

/** The range as a partition's id; `rangeOf` reads it back. */
export function rangeId({ after, to }: KeyRange): string {
  return JSON.stringify([after ?? null, to ?? null])
}

/** The range that `rangeId` wrote. */
export function rangeOf(id: string): KeyRange {
  const [after, to]: readonly (readonly string[] | null)[] = JSON.parse(id)
  return { after: after ?? undefined, to: to ?? undefined }
}

/**
 * Ranges without a gap or an overlap that hold every key. `boundAfter` answers the last key of the partition that begins
 * after a key (undefined: at the first), or undefined when all that remain are one partition.
 */
export async function planRanges(
  boundAfter: (after: readonly string[] | undefined) => Promise<readonly string[] | undefined>,
): Promise<readonly KeyRange[]> {
  const ranges: KeyRange[] = []
  let after: readonly string[] | undefined
  for (;;) {
    const to = await boundAfter(after)
    ranges.push({ after, to })
    if (to === undefined) return ranges
    after = to
  }
}

/**
 * The condition that a row lies in the range; empty for a range without bounds. Written out column by column, for which
 * every database uses an index, as some do not for a comparison of rows.
 */
export function rangeCondition({ after, to }: KeyRange, columns: KeyColumns): string {
  const bounds = [
    ...(after === undefined ? [] : [compared(columns, after, '>', '>')]),
    ...(to === undefined ? [] : [compared(columns, to, '<', '<=')]),
  ]
  return bounds.join(' AND ')
}

function compared({ quoted, literal }: KeyColumns, key: readonly string[], strictly: string, atLast: string): string {
  const last = quoted.length - 1
  const cases = quoted.map((_, index) => {
    const equal = quoted.slice(0, index).map((column, before) => `${column} = ${literal(key[before] ?? '', before)}`)
    return [...equal, `${quoted[index]} ${index === last ? atLast : strictly} ${literal(key[index] ?? '', index)}`].join(' AND ')
  })
  const first = quoted.length > 1 ? `${quoted[0]} ${strictly}= ${literal(key[0] ?? '', 0)} AND ` : ''
  return cases.length > 1 ? `(${first}(${cases.join(' OR ')}))` : (cases[0] ?? '')
}
