import { plantedLoadMistakes } from './planted-load-mistakes.ts'

/** A mistake in a file of its own under `planted/`, and what is said about it. */
export interface PlantedMistake {
  /** A script where it is under `extract/` or `load/`. */
  readonly file: string
  /** The text that the compiler underlines begins with this. */
  readonly marked: string
  /** The first line of the compiler's message; `…` stands for types that it prints in between. */
  readonly firstLine: string
  /** What the first line and the message for plain JavaScript share; undefined: only the compiler can know. */
  readonly sentence?: string
}

/** The columns that could be a key in the planted loads, as the compiler lists them. */
const others = '"AMT" | "sale_id" | "updated_at"'

export const plantedMistakes: readonly PlantedMistake[] = [
  {
    file: 'load/key-unknown.ts',
    marked: "'sale_idd'",
    sentence: "'sale_idd' is not a column of the load",
    firstLine: `Type '"sale_idd"' is not assignable to type '"'sale_idd' is not a column of the load" | ${others}'. Did you mean '"sale_id"'?`,
  },
  {
    file: 'load/key-second-unknown.ts',
    marked: "'amt'",
    sentence: "'amt' is not a column of the load",
    firstLine: `Type '"amt"' is not assignable to type '"'amt' is not a column of the load" | "AMT" | "updated_at"'. Did you mean '"AMT"'?`,
  },
  {
    file: 'load/key-twice.ts',
    marked: "'sale_id']",
    sentence: "'sale_id' stands twice in the key",
    firstLine: `Type '"sale_id"' is not assignable to type '"'sale_id' stands twice in the key" | "AMT" | "updated_at"'.`,
  },
  {
    file: 'load/key-null.ts',
    marked: "'store_id'",
    sentence: "'store_id' may be NULL, which a key must not be",
    firstLine: `Type '"store_id"' is not assignable to type '"'store_id' may be NULL, which a key must not be" | ${others}'.`,
  },
  {
    file: 'load/key-json.ts',
    marked: "'payload'",
    sentence: "'payload' is json, which cannot be in a key",
    firstLine: `Type '"payload"' is not assignable to type '"'payload' is json, which cannot be in a key" | ${others}'.`,
  },
  {
    file: 'load/key-empty.ts',
    marked: 'key: []',
    sentence: 'a key names at least one column',
    firstLine: `Type '[]' is not assignable to type 'readonly ["a key names at least one column"]'.`,
  },
  {
    file: 'load/key-missing.ts',
    marked: "write: { disposition: 'merge' }",
    sentence: 'a merge names its key',
    firstLine: `Type '{ disposition: "merge"; }' is not assignable to type '"a merge names its key" | Append<"append", never> | InsertOnly<never, never> | Merge<never, never, never> | Replace<"replace", never, never>'.`,
  },
  {
    file: 'load/key-of-append.ts',
    marked: "key: ['sale_id']",
    sentence: "'key' does not exist in",
    firstLine: `Object literal may only specify known properties, and 'key' does not exist in type 'Append<"append", never>'.`,
  },
  {
    file: 'load/newest-unknown.ts',
    marked: "newest: 'updatd_at'",
    sentence: "'updatd_at' is not a column of the load",
    firstLine: `Type '"updatd_at"' is not assignable to type '"'updatd_at' is not a column of the load" | ${others} | undefined'. Did you mean '"updated_at"'?`,
  },
  {
    file: 'load/newest-json.ts',
    marked: "newest: 'payload'",
    sentence: "'payload' is json, which cannot be ordered",
    firstLine: `Type '"payload"' is not assignable to type '"'payload' is json, which cannot be ordered" | ${others} | undefined'.`,
  },
  {
    file: 'load/newest-null.ts',
    marked: "newest: 'changed_at'",
    sentence: "'changed_at' may be NULL, which newest must not be",
    firstLine: `Type '"changed_at"' is not assignable to type '"'changed_at' may be NULL, which newest must not be" | ${others} | undefined'.`,
  },
  {
    file: 'load/disposition-unknown.ts',
    marked: "disposition: 'upsert'",
    sentence: "'upsert' is not a write disposition",
    firstLine: `Type '"upsert"' is not assignable to type '"'upsert' is not a write disposition" | "append" | "insert_only" | "merge" | "replace"'.`,
  },
  {
    file: 'load/column-not-extracted.ts',
    marked: 'sale_nr: bigint()',
    sentence: "the extraction has no column 'sale_nr'",
    firstLine: `Type 'PlainColumn<"bigint">' is not assignable to type 'PlainColumn<"bigint"> & "the extraction has no column 'sale_nr'"'.`,
  },
  {
    file: 'load/from-not-extracted.ts',
    marked: "amount: decimal(12, 2).from('AMOUNT')",
    sentence: "the extraction has no column 'AMOUNT'",
    firstLine: `Type 'ColumnBuilder<"decimal", "AMOUNT">' is not assignable to type 'ColumnBuilder<"decimal", "AMOUNT"> & "the extraction has no column 'AMOUNT'"'.`,
  },
  {
    file: 'load/append-with-overlap.ts',
    marked: "disposition: 'append'",
    sentence: 'an extraction that reads an overlap again cannot feed an append',
    firstLine: `Type '"append"' is not assignable to type '"an extraction that reads an overlap again cannot feed an append" | "insert_only" | "merge"'.`,
  },
  {
    file: 'load/option-misspelt.ts',
    marked: 'colums: {}',
    sentence: "'colums' does not exist in",
    firstLine: `Object literal may only specify known properties, but 'colums' does not exist in type 'LoadOptions<…'. Did you mean to write 'columns'?`,
  },
  {
    file: 'load/reject-limit-text.ts',
    marked: "rejectLimit: '10'",
    firstLine: "Type 'string' is not assignable to type 'number'.",
  },
  {
    file: 'extract/cursor-unknown.ts',
    marked: "cursor: 'updatedat'",
    sentence: "'updatedat' is not a column of the resource",
    firstLine: `Type '"updatedat"' is not assignable to type '"'updatedat' is not a column of the resource" | "updated_at" | CursorOptions<…>'. Did you mean '"updated_at"'?`,
  },
  {
    file: 'extract/cursor-json.ts',
    marked: "column: 'payload'",
    sentence: "'payload' is json, which cannot be ordered",
    firstLine: `Type '"payload"' is not assignable to type '"'payload' is json, which cannot be ordered"'.`,
  },
  {
    file: 'extract/custom-member-unknown.ts',
    marked: 'read()',
    firstLine: `Type '() => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "'prise' is not a column of the extraction">'.`,
  },
  {
    file: 'extract/custom-member-missing.ts',
    marked: 'read({ batch })',
    firstLine: `Type '({ batch }: ReadContext) => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "the rows have no member 'name'">'.`,
  },
  {
    file: 'extract/custom-number-for-decimal.ts',
    marked: 'read()',
    firstLine: `Type '() => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "'price' of a row is not what decimal takes">'.`,
  },
  {
    file: 'extract/custom-null.ts',
    marked: 'read()',
    firstLine: `Type '() => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "'note' may be NULL in a row, but its column is not optional()">'.`,
  },
  {
    file: 'extract/custom-cursor-unknown.ts',
    marked: "cursor: 'dya'",
    sentence: "'dya' is not a column of the resource",
    firstLine: `Type '"dya"' is not assignable to type '"'dya' is not a column of the resource" | "day" | CustomCursorOptions<…>'.`,
  },
  {
    file: 'extract/custom-cursor-exclude.ts',
    marked: "nulls: 'exclude'",
    firstLine: `Type '"exclude"' is not assignable to type '"include" | "reject" | undefined'.`,
  },
  {
    file: 'extract/custom-cursor-not-returned.ts',
    marked: 'read({ window })',
    firstLine: `Type '({ window }: ReadContext) => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "read() returns no { cursor }, where the next extraction would begin">'.`,
  },
  {
    file: 'extract/custom-cursor-not-declared.ts',
    marked: 'read()',
    firstLine: `Type '() => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "read() returns a cursor, but none is declared">'.`,
  },
  {
    file: 'extract/custom-cursor-of-other-type.ts',
    marked: 'read()',
    firstLine: `Type '() => AsyncGenerator<…>' is not assignable to type 'ReadCode<…, "the cursor that read() returns is no value of 'rate_id'">'.`,
  },
  {
    file: 'extract/custom-option-misspelt.ts',
    marked: 'colums: {',
    sentence: "'colums' does not exist in",
    firstLine: `Object literal may only specify known properties, but 'colums' does not exist in type 'CustomExtractOptions<…>'. Did you mean to write 'columns'?`,
  },
  {
    file: 'extract/custom-not-a-generator.ts',
    marked: 'read()',
    firstLine: `Type '() => Promise<{ day: string; }[]>' is not assignable to type 'ReadCode<unknown, unknown, unknown>'.`,
  },
  {
    file: 'extract/csv-option-misspelt.ts',
    marked: "delimeter: ';'",
    sentence: "'delimeter' does not exist in",
    firstLine: `Object literal may only specify known properties, but 'delimeter' does not exist in type 'CsvOptions'. Did you mean to write 'delimiter'?`,
  },
  {
    file: 'extract/table-unknown.ts',
    marked: "'salez'",
    firstLine: `Argument of type '"salez"' is not assignable to parameter of type '"sales" | "stores"'.`,
  },
  {
    file: 'extract/select-unknown.ts',
    marked: "'typo'",
    firstLine: `Type '"typo"' is not assignable to type '"AMT" | "payload" | "sale_id" | "updated_at"'.`,
  },
  {
    file: 'extract/exclude-unknown.ts',
    marked: "'amt'",
    firstLine: `Type '"amt"' is not assignable to type '"AMT" | "payload" | "sale_id" | "updated_at"'. Did you mean '"AMT"'?`,
  },
  {
    file: 'extract/cursor-not-selected.ts',
    marked: "cursor: 'updated_at'",
    firstLine: `Type '"updated_at"' is not assignable to type '"'updated_at' is not a column of the resource" | "AMT" | "sale_id" | CursorOptions<…>'.`,
  },
  {
    file: 'extract/query-cursor-unknown.ts',
    marked: "cursor: 'dai'",
    firstLine: `Type '"dai"' is not assignable to type '"'dai' is not a column of the resource" | "day" | CursorOptions<…>'.`,
  },
  {
    file: 'extract/partitions-of-sqlite.ts',
    marked: 'parallel: 2',
    firstLine: `Object literal may only specify known properties, and 'parallel' does not exist in type 'TableChoice<never, never> & Readonly<Record<never, never>>'.`,
  },
  {
    file: 'extract/frequency-misspelt.ts',
    marked: "frequency: 'dayly'",
    firstLine: `Type '"dayly"' is not assignable to type 'Frequency'. Did you mean '"daily"'?`,
  },
  {
    file: 'extract/newest-by-unknown.ts',
    marked: "newestBy: 'name'",
    firstLine: `Type '"name"' is not assignable to type '"date-in-name" | "modified"'.`,
  },
  {
    file: 'lake-is-warehouse.ts',
    marked: "lake: duckdb('data/lake.duckdb')",
    firstLine: "Type 'WarehouseDefinition' is not assignable to type 'LakeDefinition'.",
  },
  {
    file: 'load-of-load.ts',
    marked: 'target, {',
    firstLine:
      "Type 'LoadDefinition<…' is missing the following properties from type 'ExtractDefinition<Shape, Reads>': reads, resource",
  },
  ...plantedLoadMistakes,
]
