/*
 * What is wrong with a script, each sentence twice: as the type that tsc prints, and as the text for plain JavaScript.
 * The functions' return types keep the two equal.
 */

/** A sentence about a name; none about an empty one, so that an editor that completes it offers the names alone. */
export type Said<Sentence, Name> = Name extends '' ? never : Sentence

export type NoColumn<Name extends string, Owner extends string> = `'${Name}' is not a column of ${Owner}`
export function noColumn<N extends string, O extends string>(name: N, owner: O): NoColumn<N, O> {
  return `'${name}' is not a column of ${owner}`
}

export type NotOrdered<Name extends string, Kind extends string> = `'${Name}' is ${Kind}, which cannot be ordered`
export function notOrdered<N extends string, K extends string>(name: N, kind: K): NotOrdered<N, K> {
  return `'${name}' is ${kind}, which cannot be ordered`
}

export type NotKey<Name extends string, Kind extends string> = `'${Name}' is ${Kind}, which cannot be in a key`
export function notKey<N extends string, K extends string>(name: N, kind: K): NotKey<N, K> {
  return `'${name}' is ${kind}, which cannot be in a key`
}

export type MayBeNull<Name extends string, Use extends string> = `'${Name}' may be NULL, which ${Use} must not be`
export function mayBeNull<N extends string, U extends string>(name: N, use: U): MayBeNull<N, U> {
  return `'${name}' may be NULL, which ${use} must not be`
}

export type KeyTwice<Name extends string> = `'${Name}' stands twice in the key`
export function keyTwice<N extends string>(name: N): KeyTwice<N> {
  return `'${name}' stands twice in the key`
}

export type NotExtracted<Name extends string> = `the extraction has no column '${Name}'`
export function notExtracted<N extends string>(name: N): NotExtracted<N> {
  return `the extraction has no column '${name}'`
}

export type NoDisposition<Name extends string> = `'${Name}' is not a write disposition`
export function noDisposition<N extends string>(name: N): NoDisposition<N> {
  return `'${name}' is not a write disposition`
}

export const keyEmpty = 'a key names at least one column'
export const keyMissing = 'a merge names its key'
export const appendWithOverlap = 'an extraction that reads an overlap again cannot feed an append'
