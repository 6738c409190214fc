import picomatch from 'picomatch'

/** Whether a path from the folder, with `/`, matches. Hidden files match only where the pattern has the dot. */
export function fileMatcher(pattern: string): (id: string) => boolean {
  // Without the flag a name that holds a line break matches nothing; an exclamation mark is a character like any other.
  const matches = picomatch(pattern, { nonegate: true, flags: 's' })
  // It takes further arguments, such as those that `filter` gives.
  return (id) => matches(id)
}

/** Whether the folders below have to be looked into. */
export function isDeep(pattern: string): boolean {
  return pattern.includes('/') || pattern.includes('**')
}

/** The first few of some names, and how many there are besides. */
export function namesText(names: readonly string[], join = ', '): string {
  const shown = names.slice(0, 5)
  return (names.length > shown.length ? [...shown, `${names.length - shown.length} more`] : shown).join(join)
}
