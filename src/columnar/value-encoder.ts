import type { ValueBounds } from './value-bounds.ts'

/** The values of one page, as they go into the file after the definition levels. */
export interface EncodedValues {
  /** From the pool; whoever gets it gives it back. */
  readonly buffer: Buffer
  /** Where the values begin; there is room for the definition levels before. */
  readonly start: number
  readonly end: number
  readonly isDictionary: boolean
}

/** What a column chunk needs besides its pages. */
export interface EncodedChunk {
  /** The dictionary's values in PLAIN layout; undefined when no page uses one. */
  readonly dictionary: { readonly bytes: Uint8Array; readonly entries: number } | undefined
  /** Undefined when no value has an order. */
  readonly bounds: ValueBounds | undefined
}

/** Collects the values of one column, page by page and row group by row group. */
export interface ValueEncoder {
  /** About how many bytes the page has so far. */
  readonly bytes: number
  /**
   * Takes `count` values of a vector and returns where the next one begins. `at` is where the first one begins:
   * a byte, for booleans a bit.
   */
  add(values: Uint8Array, at: number, count: number): number
  endPage(): EncodedValues
  endChunk(): EncodedChunk
}
