import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BatchBuilder } from '../../columnar/batch-builder.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { Column } from '../../model/schema.ts'
import { withSignsOfLife } from './signs-of-life.ts'

const columns: readonly Column[] = [{ name: 'v', type: { kind: 'text' }, nullable: true }]

function oneRow(): ReadBatch {
  const builder = new BatchBuilder(columns)
  builder.columns[0]?.addString('x')
  return { batch: builder.take(), rejects: [] }
}

test('a slow file shows that it moves, one that stands still does not', async () => {
  let moved = 0
  async function* slow(): AsyncGenerator<ReadBatch> {
    yield oneRow()
    const moving = setInterval(() => {
      moved += 1
    }, 100)
    await pause(1_500)
    clearInterval(moving)
    yield oneRow()
    await pause(1_500)
    yield oneRow()
  }
  const rows: number[] = []
  for await (const { batch } of withSignsOfLife(slow(), columns, () => moved)) rows.push(batch.rows)
  expect(rows.join('')).toMatch(/^10+11$/)
})

test('whoever takes no more batches ends the reading, and a failure is passed on', async () => {
  let isEnded = false
  async function* endless(): AsyncGenerator<ReadBatch> {
    try {
      while (true) yield oneRow()
    } finally {
      isEnded = true
    }
  }
  for await (const _batch of withSignsOfLife(endless(), columns, () => 0)) break
  expect(isEnded).toBe(true)
  const failing = async function* (): AsyncGenerator<ReadBatch> {
    yield oneRow()
    throw new Error('lost')
  }
  await expect(async () => {
    for await (const _batch of withSignsOfLife(failing(), columns, () => 0));
  }).rejects.toThrow('lost')
})
