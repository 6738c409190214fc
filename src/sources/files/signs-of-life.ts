import { setTimeout as pause } from 'node:timers/promises'
import { BatchBuilder } from '../../columnar/batch-builder.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { Column } from '../../model/schema.ts'

const quietMs = 1_000

/** The batches, and one without rows for each second in which none came but something moved. */
export async function* withSignsOfLife(
  batches: AsyncGenerator<ReadBatch>,
  columns: readonly Column[],
  moved: () => number,
): AsyncGenerator<ReadBatch> {
  let shown = moved()
  try {
    let next = batches.next()
    while (true) {
      const result = await within(next)
      if (result?.done) return
      if (result !== undefined) {
        yield result.value
        next = batches.next()
      } else if (moved() > shown) yield { batch: new BatchBuilder(columns).take(), rejects: [] }
      shown = moved()
    }
  } finally {
    await batches.return(undefined)
  }
}

/** Undefined when it takes longer than a second. */
async function within<T>(work: Promise<T>): Promise<T | undefined> {
  const ended = new AbortController()
  const timer = pause(quietMs, undefined, { signal: ended.signal }).catch(() => undefined)
  return Promise.race([work, timer]).finally(() => ended.abort())
}
