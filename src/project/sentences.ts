// Each sentence stands here twice: as the type that tsc prints, and as the text for plain JavaScript. The return types keep
// the two equal.

/** A sentence about a name; none about an empty one, so that an editor that completes it offers the names alone. */
export type Said<Sentence, Name> = Name extends '' ? never : Sentence

/** A name that no column has. */
export type NoColumn<Name extends string, Owner extends string> = `'${Name}' is not a column of ${Owner}`
/** {@link NoColumn} as text. */
export function noColumn<N extends string, O extends string>(name: N, owner: O): NoColumn<N, O> {
  return `'${name}' is not a column of ${owner}`
}

/** A cursor or `newest` without an order. */
export type NotOrdered<Name extends string, Kind extends string> = `'${Name}' is ${Kind}, which cannot be ordered`
/** {@link NotOrdered} as text. */
export function notOrdered<N extends string, K extends string>(name: N, kind: K): NotOrdered<N, K> {
  return `'${name}' is ${kind}, which cannot be ordered`
}

/** A key column whose values cannot be compared. */
export type NotKey<Name extends string, Kind extends string> = `'${Name}' is ${Kind}, which cannot be in a key`
/** {@link NotKey} as text. */
export function notKey<N extends string, K extends string>(name: N, kind: K): NotKey<N, K> {
  return `'${name}' is ${kind}, which cannot be in a key`
}

/** A column that must always have a value. */
export type MayBeNull<Name extends string, Use extends string> = `'${Name}' may be NULL, which ${Use} must not be`
/** {@link MayBeNull} as text. */
export function mayBeNull<N extends string, U extends string>(name: N, use: U): MayBeNull<N, U> {
  return `'${name}' may be NULL, which ${use} must not be`
}

/** A key that names a column again. */
export type KeyTwice<Name extends string> = `'${Name}' stands twice in the key`
/** {@link KeyTwice} as text. */
export function keyTwice<N extends string>(name: N): KeyTwice<N> {
  return `'${name}' stands twice in the key`
}

/** A column made from one that the extraction does not have. */
export type NotExtracted<Name extends string> = `the extraction has no column '${Name}'`
/** {@link NotExtracted} as text. */
export function notExtracted<N extends string>(name: N): NotExtracted<N> {
  return `the extraction has no column '${name}'`
}

/** A way of writing that there is not. */
export type NoDisposition<Name extends string> = `'${Name}' is not a write disposition`
/** {@link NoDisposition} as text. */
export function noDisposition<N extends string>(name: N): NoDisposition<N> {
  return `'${name}' is not a write disposition`
}

/** A key without a column. */
export const keyEmpty = 'a key names at least one column'
/** A merge without a key. */
export const keyMissing = 'a merge names its key'
/** Rows that are read twice cannot be recognised by an append. */
export const appendWithOverlap = 'an extraction that reads an overlap again cannot feed an append'
