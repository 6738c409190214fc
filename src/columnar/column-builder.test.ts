import { expect, test } from 'vitest'
import { parseColumnType } from '../model/column-type.ts'
import { BatchBuilder } from './batch-builder.ts'
import { cellTexts } from './cell-text.ts'
import { ColumnBuilder } from './column-builder.ts'

function builderOf(type: string): ColumnBuilder {
  const parsed = parseColumnType(type)
  if (parsed === undefined) throw new Error(`${type} is no type`)
  return new ColumnBuilder(parsed)
}

test('the values lie as a PLAIN page has them, and only those that are there', () => {
  const int = builderOf('int16')
  int.addInt(-2)
  int.addNull()
  int.addInt(1)
  expect(int.take()).toMatchObject({
    nulls: 1,
    validity: Buffer.of(0b11111101),
    values: Buffer.of(254, 255, 255, 255, 1, 0, 0, 0),
  })
  const wide = builderOf('decimal(38,0)')
  wide.addBigint(-2n)
  expect(wide.take().values).toEqual(Buffer.concat([Buffer.alloc(15, 255), Buffer.of(254)]))
  const text = builderOf('text')
  text.addString('é')
  text.addBytes(Buffer.from('xyz'), 1, 2)
  expect(text.take().values).toEqual(Buffer.of(2, 0, 0, 0, 0xc3, 0xa9, 1, 0, 0, 0, 'y'.charCodeAt(0)))
  const flags = builderOf('boolean')
  for (let index = 0; index < 9; index++) flags.addBoolean(index % 2 === 0)
  expect(flags.take().values).toEqual(Buffer.of(0b01010101, 1))
})

test('a NULL after many rows leaves those before it present', () => {
  const builder = builderOf('int32')
  for (let row = 0; row < 1000; row++) builder.addInt(row)
  builder.addNull()
  for (let row = 0; row < 2000; row++) builder.addInt(row)
  const vector = builder.take()
  const texts = cellTexts(vector, 3001)
  expect(texts.map((text, row) => (text === null ? row : -1)).filter((row) => row >= 0)).toEqual([1000])
  expect([texts[999], texts[1001], texts[3000]]).toEqual(['999', '0', '1999'])
})

test('taking starts anew and leaves what was taken alone', () => {
  const builder = new BatchBuilder([{ name: 'c', type: { kind: 'text' }, nullable: true }])
  const [column] = builder.columns
  column?.addString('first')
  column?.addNull()
  expect([builder.rows, builder.bytes]).toEqual([2, 9])
  const first = builder.take()
  expect([builder.rows, builder.bytes]).toEqual([0, 0])
  column?.addString('other')
  const second = builder.take()
  const texts = (batch: typeof first) => batch.columns.map((vector) => cellTexts(vector, batch.rows))
  expect([texts(first), texts(second)]).toEqual([[['first', null]], [['other']]])
  expect(second.columns[0]?.validity).toBeUndefined()
})
