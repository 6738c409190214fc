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

/** A surrogate key called like a column. */
export type AlreadyColumn<Name extends string> = `'${Name}' is a column of the load already`
/** {@link AlreadyColumn} as text. */
export function alreadyColumn<N extends string>(name: N): AlreadyColumn<N> {
  return `'${name}' is a column of the load already`
}

/** A default or a bound that the column cannot hold. */
export type NotAValue<Value extends string, Kind extends string> = `'${Value}' is not a value of ${Kind}`
/** {@link NotAValue} as text. */
export function notAValue<V extends string, K extends string>(value: V, kind: K): NotAValue<V, K> {
  return `'${value}' is not a value of ${kind}`
}

/** A column that a lookup asks the dimension for, beside its key. */
export type NotInKey<Name extends string> = `'${Name}' is not in the key of the dimension`
/** {@link NotInKey} as text. */
export function notInKey<N extends string>(name: N): NotInKey<N> {
  return `'${name}' is not in the key of the dimension`
}

/** A part of the dimension's key that a lookup leaves out. */
export type KeyPartMissing<Name extends string> = `the lookup leaves out '${Name}' of the dimension's key`
/** {@link KeyPartMissing} as text. */
export function keyPartMissing<N extends string>(name: N): KeyPartMissing<N> {
  return `the lookup leaves out '${name}' of the dimension's key`
}

/** A column whose values can never be those of the dimension's key. */
export type NotLookedUp<
  Name extends string,
  Kind extends string,
  Theirs extends string,
> = `'${Name}' is ${Kind}, which never equals ${Theirs} in the dimension`
/** {@link NotLookedUp} as text. */
export function notLookedUp<N extends string, K extends string, T extends string>(
  name: N,
  kind: K,
  theirs: T,
): NotLookedUp<N, K, T> {
  return `'${name}' is ${kind}, which never equals ${theirs} in the dimension`
}

/** A check that compares values of a kind that has no equality everywhere. */
export type NotCompared<Name extends string, Kind extends string> = `'${Name}' is ${Kind}, which cannot be compared`
/** {@link NotCompared} as text. */
export function notCompared<N extends string, K extends string>(name: N, kind: K): NotCompared<N, K> {
  return `'${name}' is ${kind}, which cannot be compared`
}

/** A merge without a key. */
export const keyMissing = 'a merge names its key'
/** An insert_only without a key. */
export const insertKeyMissing = 'an insert_only names its key'
/** A key without a column. */
export const keyEmpty = 'a key names at least one column'
/** Rows that are read twice cannot be recognised by an append. */
export const appendWithOverlap = 'an extraction that reads an overlap again cannot feed an append'
/** A replacement by the new rows alone would lose the others. */
export const replaceIncremental = 'an extraction that reads only what is new cannot feed a replace'
/** There is nothing that a lookup could point at. */
export const noSurrogateKey = 'the dimension has no surrogateKey'
/** There is nothing by which a lookup could find the row. */
export const noDimensionKey = 'the dimension has no key'
/** Rows of `insert_only` never change, stubs neither. */
export const stubNeverCompleted = 'the stubs of an insert_only dimension would never be completed'
/** A list of allowed values without one. */
export const oneOfNothing = 'oneOf names at least one value'
