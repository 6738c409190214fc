import type { ColumnType } from './column-type.ts'

export type ScriptKind = 'extract' | 'load' | 'mart'

/** `<kind>/<name>`: what leases, registry, logs and ledger call a script. */
export type ScriptId = `${ScriptKind}/${string}`

export function scriptId(kind: ScriptKind, name: string): ScriptId {
  return `${kind}/${name}`
}

/** What every script has, whatever it does. */
export interface ScriptHead {
  readonly id: ScriptId
  readonly name: string
  readonly description: string
  /** `always`, `daily`, `weekly:mon`, `monthly:1`, or a cron expression. */
  readonly frequency: string
  readonly owner: string | undefined
  /** SHA-256 over the script and what it imports inside the project, hexadecimal. */
  readonly contentHash: string
  /** The scripts that must be done before this one, for its batch. */
  readonly dependsOn: readonly ScriptId[]
}

/** One table, endpoint or file set of a source, as its adapter understands it. */
export interface Resource {
  /** The connection's name in the project file. */
  readonly source: string
  /** What it is called there: a table, a path, a pattern. For people and for the adapter. */
  readonly locator: string
  /** The adapter's own options, validated by it. */
  readonly options: Readonly<Record<string, unknown>>
  /** For sources without a catalogue: the columns that the project declares, staged as text. */
  readonly columns: readonly DeclaredColumn[] | undefined
}

/** A column as a script declares it. */
export interface DeclaredColumn {
  readonly name: string
  readonly type: ColumnType
  /** Characters at most, for text. */
  readonly length: number | undefined
  readonly nullable: boolean
  /** Where the value comes from: the source's column, header or path; by default the column's own name. */
  readonly from: string
}

/** How an incremental extraction knows where it is. */
export interface CursorPolicy {
  readonly column: string
  /**
   * How far to read back when no horizon can be proven: seconds for times, an amount for numbers.
   * Rows read twice are recognised by key.
   */
  readonly overlap: number | undefined
  /** What becomes of rows whose cursor is NULL. */
  readonly nulls: 'reject' | 'include' | 'exclude'
}

/** Reads one resource into the lake. */
export interface ExtractScript extends ScriptHead {
  readonly kind: 'extract'
  readonly resource: Resource
  readonly cursor: CursorPolicy | undefined
}

/** How landing reaches the target. */
export interface WriteDisposition {
  /**
   * `append` adds the batch's rows, `merge` updates and adds by key, `insert_only` adds the keys that are not there,
   * `replace` empties the target first.
   */
  readonly disposition: 'append' | 'merge' | 'insert_only' | 'replace'
  /** The natural key; empty where rows have none, as with `append`. */
  readonly key: readonly string[]
  /** Of two rows with one key, the one where this is greater wins. Only with `merge`. */
  readonly newest: string | undefined
  /** The column of generated keys, 64-bit: what lookups of other loads point at. */
  readonly surrogateKey: string | undefined
  /** Whether `replace` may leave the target empty. */
  readonly allowEmpty: boolean
}

/** A column of a load: like one of a resource, or computed. */
export interface LoadColumnDeclaration extends DeclaredColumn {
  /** An SQL expression over the load's other columns, instead of `from`. */
  readonly computed: string | undefined
  /** Stands where the source has NULL; as text. */
  readonly default: string | undefined
  /** What becomes of the value before it reaches the target. */
  readonly mask: 'sha256' | 'redact' | undefined
}

/** A column that points at the row of a dimension. */
export interface Lookup {
  /** In the target. */
  readonly name: string
  readonly dimension: ScriptId
  /** The dimension's table in the target schema. */
  readonly into: string
  readonly surrogateKey: string
  /** Each part of the dimension's key, and the column of our extraction that holds it. */
  readonly keys: readonly { readonly column: string; readonly from: string }[]
  /** What becomes of a row whose key the dimension does not hold. */
  readonly unknown: 'reject' | 'stub'
  /** Whether the key may be NULL: then it points nowhere. */
  readonly nullable: boolean
}

/** What must hold for every row that is to be published. NULL passes every check but `notNull`. */
export type Check = {
  /** `fail` stops the load before anything is published, `warn` says it in the log. */
  readonly onFail: 'fail' | 'warn'
} & (
  | { readonly kind: 'notNull'; readonly column: string }
  | { readonly kind: 'between'; readonly column: string; readonly lowest: string; readonly highest: string }
  | { readonly kind: 'oneOf'; readonly column: string; readonly values: readonly string[] }
  | { readonly kind: 'matches'; readonly column: string; readonly pattern: string }
  | { readonly kind: 'sql'; readonly name: string; readonly condition: string }
)

/** Turns the landed rows of one extraction into a target table. */
export interface LoadScript extends ScriptHead {
  readonly kind: 'load'
  readonly extract: ScriptId
  /** The target table's name in the target schema. */
  readonly into: string
  /** Undefined: all columns of the extraction, as it declares or types them. */
  readonly columns: readonly LoadColumnDeclaration[] | undefined
  readonly lookups: readonly Lookup[]
  readonly write: WriteDisposition
  readonly checks: readonly Check[]
  /** How many refused rows a batch may have and still be published. */
  readonly rejectLimit: number
}

/** Rebuilds one mart from a SELECT. */
export interface MartScript extends ScriptHead {
  readonly kind: 'mart'
  readonly select: string
  readonly materialized: 'table' | 'view'
  /** A measure that must equal another: `sum(amount) = target.fact_sales.amount`. */
  readonly balance: MartBalance | undefined
}

/** `sum(<measure>)` of the mart must equal the sum of a column of another table. */
export interface MartBalance {
  readonly measure: string
  readonly schema: string
  readonly table: string
  readonly column: string
}

export type Script = ExtractScript | LoadScript | MartScript
