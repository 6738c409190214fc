import type { ColumnType } from '../../model/column-type.ts'
import * as decode from './decoders.ts'

/** A type as the catalogue has it, below all domains. */
interface PostgresType {
  readonly oid: number
  /** The modifier, such as precision and scale; -1 where there is none. */
  readonly modifier: number
}

/** How a column of a type is read. */
export interface TypeReading {
  readonly type: ColumnType
  readonly decoder: decode.Decoder
  /** What is selected for it: the column itself, or its text. */
  select(quoted: string): string
}

/** How the values are read that a type of ours cannot hold: infinities, NaN, 24:00:00, and years beyond 294246. */
export interface ReadingRules {
  /** `reject`: their rows are refused by name. `text`: the columns that can have them are staged as the server's own text. */
  readonly extremes: 'reject' | 'text'
  /** Whether the server vouches for the encoding of its text. */
  readonly hasEncoding: boolean
}

const simple: Readonly<Record<number, readonly [ColumnType['kind'] & Exclude<ColumnType['kind'], 'decimal'>, decode.Decoder]>> = {
  16: ['boolean', decode.bool],
  17: ['binary', decode.verbatim],
  20: ['int64', decode.int64],
  21: ['int16', decode.int16],
  23: ['int32', decode.int32],
  26: ['int64', decode.oid],
  700: ['float', decode.float32],
  701: ['double', decode.float64],
  2950: ['uuid', decode.uuid],
}

/** date, time, timestamp, timestamptz. */
const withExtremes: typeof simple = {
  1082: ['date', decode.date],
  1083: ['time', decode.time],
  1114: ['timestamp', decode.moment],
  1184: ['timestamptz', decode.moment],
}

/** name, text, bpchar, varchar. */
const texts = new Set([19, 25, 1042, 1043])
const json = 114
const jsonb = 3802
const numeric = 1700
const inet = 869

/** Every type can be read: those without a form of ours as the text that the server writes. */
export function typeReading({ oid, modifier }: PostgresType, { extremes, hasEncoding }: ReadingRules): TypeReading {
  const text = hasEncoding ? decode.verbatim : decode.uncertainText
  const found = simple[oid] ?? (extremes === 'reject' ? withExtremes[oid] : undefined)
  if (found) return asItIs({ kind: found[0] }, found[1])
  if (texts.has(oid)) return asItIs({ kind: 'text' }, text)
  if (oid === json) return asItIs({ kind: 'json' }, text)
  if (oid === jsonb && hasEncoding) return asItIs({ kind: 'json' }, decode.jsonb)
  if (oid === jsonb) return { type: { kind: 'json' }, decoder: text, select: castText }
  const decimal = oid === numeric && extremes === 'reject' ? decimalOf(modifier) : undefined
  if (decimal) return asItIs(decimal, decode.numeric(decimal.scale))
  return { type: { kind: 'text' }, decoder: text, select: oid === inet ? inetText : castText }
}

function asItIs(type: ColumnType, decoder: decode.Decoder): TypeReading {
  return { type, decoder, select: (quoted) => quoted }
}

function castText(quoted: string): string {
  return `${quoted}::text`
}

/** Its cast to text writes the /32 that the type itself leaves out. */
function inetText(quoted: string): string {
  return `CASE WHEN ${quoted} IS NOT NULL THEN pg_catalog.format('%s', ${quoted}) END`
}

/** Undefined without a declared precision, and where over 38 digits are needed. */
function decimalOf(modifier: number): { readonly kind: 'decimal'; precision: number; scale: number } | undefined {
  if (modifier < 4) return undefined
  const declared = modifier - 4
  const precision = declared >> 16
  // The scale is a signed number of 11 bits.
  const scale = ((declared & 0x7ff) ^ 1024) - 1024
  const fitting = { precision: scale < 0 ? precision - scale : Math.max(precision, scale), scale: Math.max(0, scale) }
  return fitting.precision <= 38 ? { kind: 'decimal', ...fitting } : undefined
}
