import type { Batch } from '../contracts/control-store.ts'
import type { BatchDate } from '../model/run.ts'
import type { EngineContext, EngineSettings } from './context.ts'

/** The batch that a verb serves when none was asked for: {@link defaultBatch} of now. */
export async function resolveBatch(context: EngineContext): Promise<BatchDate> {
  return defaultBatch(context.settings, await context.control.batches.list(), new Date())
}

/**
 * Today or yesterday in the project's zone; of a project that opens its batches explicitly the oldest open one, when
 * there is one. Where each run opens its own batch, the oldest would stay the first one for ever.
 */
export function defaultBatch(
  settings: Pick<EngineSettings, 'timeZone' | 'batchDate' | 'batches'>,
  batches: readonly Batch[],
  now: Date,
): BatchDate {
  const open = batches.filter(({ status }) => status === 'OPEN').map(({ date }) => date)
  const oldest = open.sort()[0]
  if (settings.batches === 'explicit' && oldest !== undefined) return oldest
  const today = dayIn(settings.timeZone, now)
  if (settings.batchDate === 'run-day') return today
  return new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}

function dayIn(timeZone: string, now: Date): BatchDate {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]))
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`
}
