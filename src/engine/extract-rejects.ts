import { BatchBuilder } from '../columnar/batch-builder.ts'
import type { RejectedRow } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'

/** What a rejects part holds before its system columns: one record for each refused row and cause. */
export const rejectColumns: readonly Column[] = [
  { name: 'row', type: { kind: 'int64' }, nullable: false },
  { name: 'line', type: { kind: 'int64' }, nullable: true },
  { name: 'code', type: { kind: 'text' }, nullable: false },
  { name: 'column', type: { kind: 'text' }, nullable: true },
  { name: 'value', type: { kind: 'text' }, nullable: true },
  { name: 'raw', type: { kind: 'text' }, nullable: true },
  { name: 'partition', type: { kind: 'text' }, nullable: false },
]

/** The records of some refused rows as a batch, with the row's ordinal of each record. */
export function rejectRecords(rejects: readonly RejectedRow[], partition: string) {
  const builder = new BatchBuilder(rejectColumns)
  const rowNumbers: number[] = []
  const [row, line, code, column, value, raw, from] = builder.columns
  const addText = (target: typeof code, text: string | undefined) =>
    text === undefined ? target?.addNull() : target?.addString(text)
  for (const reject of rejects) {
    for (const cause of reject.causes) {
      rowNumbers.push(reject.row)
      row?.addBigint(BigInt(reject.row))
      if (reject.line === undefined) line?.addNull()
      else line?.addBigint(BigInt(reject.line))
      addText(code, cause.code)
      addText(column, cause.column)
      addText(value, cause.value)
      addText(raw, reject.raw)
      addText(from, partition)
    }
  }
  return { batch: builder.take(), rowNumbers }
}
