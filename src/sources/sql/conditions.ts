/** That all conditions hold that are not empty; empty without any. */
export function allOf(conditions: readonly string[]): string {
  const parts = conditions.filter((condition) => condition !== '')
  return parts.map((part) => `(${part})`).join(' AND ')
}

/** `WHERE` with all conditions that are not empty, or nothing. */
export function whereText(conditions: readonly string[]): string {
  const condition = allOf(conditions)
  return condition === '' ? '' : ` WHERE ${condition}`
}
