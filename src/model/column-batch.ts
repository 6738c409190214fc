import type { ColumnType } from './column-type.ts'

/**
 * The values of one column of a batch, laid out as a Parquet PLAIN page lays them out:
 * only the values that are there, one behind the other, so a writer compresses the bytes as they are.
 *
 * | kind | bytes of a value |
 * |---|---|
 * | boolean | one bit, least significant first |
 * | int8, int16, int32, date | 4, little-endian |
 * | int64, time, timestamp, timestamptz, decimal up to 18 digits (unscaled) | 8, little-endian |
 * | decimal over 18 digits (unscaled) | 16, big-endian two's complement |
 * | float, double | 4, 8, IEEE 754 little-endian |
 * | text, json, uuid, binary | 4 bytes of length, little-endian, then the bytes (UTF-8 where it is text) |
 */
export interface ColumnVector {
  readonly type: ColumnType
  /** How many rows have no value. */
  readonly nulls: number
  /** A bit a row, least significant first, 1 where there is a value; undefined when no row is NULL. */
  readonly validity: Uint8Array | undefined
  readonly values: Uint8Array
}

/** Some rows of one resource, column by column. Whoever receives a batch owns its buffers. */
export interface ColumnBatch {
  readonly rows: number
  /** In the order of the reading's schema. */
  readonly columns: readonly ColumnVector[]
}

/** Why a row was refused: one fault in one column, or in the row as a whole. */
export interface RejectCause {
  readonly code: RejectCode
  readonly column?: string
  /** The value as it came, as text; cut at 1,000 characters. */
  readonly value?: string
}

/** One row that a source could not turn into typed columns, kept aside with all its causes. */
export interface RejectedRow {
  /** The row's ordinal in its partition, from 1, refused rows counted too. */
  readonly row: number
  /** The line of the file on which the record begins, from 1. */
  readonly line?: number
  readonly causes: readonly RejectCause[]
  /** The record as it came, as far as it can be shown; cut at 10,000 characters. */
  readonly raw?: string
}

/** What one step of a reading brings: rows that fit and rows that do not. */
export interface ReadBatch {
  readonly batch: ColumnBatch
  /**
   * The ordinal in its partition of each row of `batch`, from 1; undefined when they follow each other
   * and the rows before without a gap.
   */
  readonly rowNumbers?: Uint32Array
  readonly rejects: readonly RejectedRow[]
}

/** The stable names of the reasons for refusing a row. */
export type RejectCode = (typeof rejectCodes)[number]

const rejectCodes = [
  'CAST',
  'OUT_OF_RANGE',
  'TOO_LONG',
  'NULL_VALUE',
  'NULL_KEY',
  'NULL_CURSOR',
  'DUP_CONFLICT',
  'RAGGED',
  'ENCODING',
  'MALFORMED',
  'DUPLICATE_MEMBER',
  'MISFIT',
  'UNKNOWN_KEY',
] as const
