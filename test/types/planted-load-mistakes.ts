import type { PlantedMistake } from './planted-mistakes.ts'

/** What the planted loads may be compared by, as the compiler lists it behind a sentence about a check. */
const known = 'CheckDefinition<string, "AMT" | "changed_at" | "payload" | "sale_id" | "store_id" | "updated_at", unknown>'

/** Mistakes in dispositions, columns, lookups and checks of loads. */
export const plantedLoadMistakes: readonly PlantedMistake[] = [
  {
    file: 'load/replace-incremental.ts',
    marked: "disposition: 'replace'",
    sentence: 'an extraction that reads only what is new cannot feed a replace',
    firstLine: `Type '"replace"' is not assignable to type '"an extraction that reads only what is new cannot feed a replace" | "append" | "insert_only" | "merge"'.`,
  },
  {
    file: 'load/replace-with-unknown-key.ts',
    marked: "'sale_idd'",
    sentence: "'sale_idd' is not a column of the load",
    firstLine: `Type '"sale_idd"' is not assignable to type '"'sale_idd' is not a column of the load" | "AMT" | "sale_id" | "updated_at"'. Did you mean '"sale_id"'?`,
  },
  {
    file: 'load/insert-only-without-key.ts',
    marked: "write: { disposition: 'insert_only' }",
    sentence: 'an insert_only names its key',
    firstLine: `Type '{ disposition: "insert_only"; }' is not assignable to type '"an insert_only names its key" | Append<"append", never> | InsertOnly<never, never> | Merge<never, never, never> | Replace<"replace", never, never>'.`,
  },
  {
    file: 'load/insert-only-with-newest.ts',
    marked: "newest: 'updated_at'",
    sentence: "'newest' does not exist in",
    firstLine: `Object literal may only specify known properties, and 'newest' does not exist in type 'InsertOnly<["sale_id"], never>'.`,
  },
  {
    file: 'load/merge-allow-empty.ts',
    marked: 'allowEmpty: true',
    sentence: "'allowEmpty' does not exist in",
    firstLine: `Object literal may only specify known properties, and 'allowEmpty' does not exist in type 'Merge<["sale_id"], never, never>'.`,
  },
  {
    file: 'load/surrogate-key-is-column.ts',
    marked: "surrogateKey: 'sale_id'",
    sentence: "'sale_id' is a column of the load already",
    firstLine: `Type '"sale_id"' is not assignable to type '"'sale_id' is a column of the load already"'.`,
  },
  {
    file: 'load/default-of-other-type.ts',
    marked: "'none'",
    sentence: "'none' is not a value of integer",
    firstLine: `Argument of type '"none"' is not assignable to parameter of type '"'none' is not a value of integer"'.`,
  },
  {
    file: 'load/default-not-extracted.ts',
    marked: 'note: text()',
    sentence: "the extraction has no column 'note'",
    firstLine: `Type 'LoadColumn<"text", never>' is not assignable to type 'LoadColumn<"text", never> & "the extraction has no column 'note'"'.`,
  },
  {
    file: 'load/mask-unknown.ts',
    marked: "'md5'",
    firstLine: `Argument of type '"md5"' is not assignable to parameter of type '"redact" | "sha256"'.`,
  },
  {
    file: 'load/key-redacted.ts',
    marked: "'sale_id'",
    sentence: "'sale_id' is redacted, which cannot be in a key",
    firstLine: `Type '"sale_id"' is not assignable to type '"'sale_id' is redacted, which cannot be in a key"'.`,
  },
  {
    file: 'load/newest-hashed.ts',
    marked: "newest: 'at'",
    sentence: "'at' is hashed, which cannot be ordered",
    firstLine: `Type '"at"' is not assignable to type '"'at' is hashed, which cannot be ordered" | "sale_id" | undefined'.`,
  },
  {
    file: 'load/computed-from.ts',
    marked: "decimal(14, 2).from('AMT')",
    firstLine: `Argument of type 'ColumnBuilder<"decimal", "AMT">' is not assignable to parameter of type 'ColumnDefinition<Spec, never>'.`,
  },
  {
    file: 'extract/default-in-extraction.ts',
    marked: 'quantity: integer().default(0)',
    firstLine: `Type 'LoadColumn<"integer", never>' is missing the following properties from type 'ColumnDefinition<Spec, string>': length, digits`,
  },
  {
    file: 'load/lookup-without-surrogate-key.ts',
    marked: 'plain_stores',
    sentence: 'the dimension has no surrogateKey',
    firstLine: `Argument of type 'LoadDefinition<…>' is not assignable to parameter of type 'LoadDefinition<…> & "the dimension has no surrogateKey"'.`,
  },
  {
    file: 'load/lookup-without-key.ts',
    marked: 'store_log',
    sentence: 'the dimension has no key',
    firstLine: `Argument of type 'LoadDefinition<…>' is not assignable to parameter of type 'LoadDefinition<…> & "the dimension has no key"'.`,
  },
  {
    file: 'load/lookup-theirs-unknown.ts',
    marked: "regin: 'payload'",
    sentence: "'regin' is not in the key of the dimension",
    firstLine: `Type '"payload"' is not assignable to type '"'regin' is not in the key of the dimension"'.`,
  },
  {
    file: 'load/lookup-half-a-key.ts',
    marked: "{ store_id: 'store_id' }",
    sentence: "the lookup leaves out 'region' of the dimension's key",
    firstLine: `Argument of type '{ store_id: "store_id"; }' is not assignable to parameter of type '{ readonly store_id: "store_id"; } & { readonly region: "the lookup leaves out 'region' of the dimension's key"; }'.`,
  },
  {
    file: 'load/lookup-ours-not-extracted.ts',
    marked: 'found: lookup(',
    sentence: "the extraction has no column 'store_nr'",
    firstLine: `Type 'LookupColumn<…>' is not assignable to type 'LookupColumn<"looked up", { readonly payload: "text"; readonly store_nr: "integer"; }> & "the extraction has no column 'store_nr'"'.`,
  },
  {
    file: 'load/lookup-never-equal.ts',
    marked: 'found: lookup(',
    sentence: "'updated_at' is timestamp, which never equals integer in the dimension",
    firstLine: `Type 'LookupColumn<…>' is not assignable to type 'LookupColumn<…> & "'updated_at' is timestamp, which never equals integer in the dimension"'.`,
  },
  {
    file: 'load/lookup-hashed.ts',
    marked: 'found: lookup(',
    sentence: "'payload' is json, which never equals hashed in the dimension",
    firstLine: `Type 'LookupColumn<…>' is not assignable to type 'LookupColumn<…> & "'payload' is json, which never equals hashed in the dimension"'.`,
  },
  {
    file: 'load/lookup-stub-of-insert-only.ts',
    marked: "unknown: 'stub'",
    sentence: 'the stubs of an insert_only dimension would never be completed',
    firstLine: `Type '"stub"' is not assignable to type '"reject" | "the stubs of an insert_only dimension would never be completed" | undefined'.`,
  },
  {
    file: 'load/lookup-unknown-misspelt.ts',
    marked: "unknown: 'stubs'",
    firstLine: `Type '"stubs"' is not assignable to type '"reject" | "stub" | undefined'. Did you mean '"stub"'?`,
  },
  {
    file: 'load/lookup-in-key.ts',
    marked: "'found'",
    sentence: "'found' is looked up, which cannot be in a key",
    firstLine: `Type '"found"' is not assignable to type '"'found' is looked up, which cannot be in a key" | "sale_id"'.`,
  },
  {
    file: 'load/lookup-is-newest.ts',
    marked: "newest: 'found'",
    sentence: "'found' is looked up, which cannot be ordered",
    firstLine: `Type '"found"' is not assignable to type '"'found' is looked up, which cannot be ordered" | "sale_id" | undefined'.`,
  },
  {
    file: 'load/check-unknown-column.ts',
    marked: "notNull('sale_idd')",
    sentence: "'sale_idd' is not a column of the load",
    firstLine: `Type 'CheckDefinition<…>' is not assignable to type 'CheckDefinition<"notNull", "sale_idd", never> & "'sale_idd' is not a column of the load" & ${known}'.`,
  },
  {
    file: 'load/check-between-json.ts',
    marked: "between('payload', 1, 2)",
    sentence: "'payload' is json, which cannot be ordered",
    firstLine: `Type 'CheckDefinition<…>' is not assignable to type 'CheckDefinition<"between", "payload", 1 | 2> & "'payload' is json, which cannot be ordered" & ${known}'.`,
  },
  {
    file: 'load/check-bound-of-other-type.ts',
    marked: "between('sale_id', 1, 'many')",
    sentence: "'many' is not a value of bigint",
    firstLine: `Type 'CheckDefinition<…>' is not assignable to type 'CheckDefinition<"between", "sale_id", "many" | 1> & "'many' is not a value of bigint" & ${known}'.`,
  },
  {
    file: 'load/check-one-of-json.ts',
    marked: "oneOf('payload', ['a'])",
    sentence: "'payload' is json, which cannot be compared",
    firstLine: `Type 'CheckDefinition<…>' is not assignable to type 'CheckDefinition<"oneOf", "payload", "a"> & "'payload' is json, which cannot be compared" & ${known}'.`,
  },
  {
    file: 'load/check-one-of-other-type.ts',
    marked: "oneOf('updated_at', [",
    sentence: "'noon' is not a value of timestamp",
    firstLine: `Type 'CheckDefinition<…>' is not assignable to type 'CheckDefinition<…> & "'noon' is not a value of timestamp" & ${known}'.`,
  },
  {
    file: 'load/check-one-of-nothing.ts',
    marked: '[])',
    sentence: 'oneOf names at least one value',
    firstLine: `Argument of type '[]' is not assignable to parameter of type 'readonly [] & "oneOf names at least one value"'.`,
  },
  {
    file: 'load/check-option-unknown.ts',
    marked: "onfail: 'warn'",
    sentence: "'onfail' does not exist in",
    firstLine: `Object literal may only specify known properties, but 'onfail' does not exist in type 'CheckOptions'. Did you mean to write 'onFail'?`,
  },
  {
    file: 'load/check-expression-option.ts',
    marked: "onFail: 'stop'",
    firstLine: `Type '"stop"' is not assignable to type '"fail" | "warn" | undefined'.`,
  },
]
