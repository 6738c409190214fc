import { Cron } from 'croner'
import { SluiceError } from '../errors.ts'
import type { BatchDate } from '../model/run.ts'

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const dayMs = 86_400_000
/** A pattern for the 29th of February may skip eight years. */
const farthestDays = 3_000

/** Whether a frequency asks for a run for this batch: a pure function of the two. CONFIG_INVALID for an unknown frequency. */
export function isDue(frequency: string, batch: BatchDate): boolean {
  return rule(frequency)(startOf(batch))
}

/** The latest batch on or before this one for which `due` holds; undefined when there is none within eight years. */
export function latestDue(due: (batch: BatchDate) => boolean, batch: BatchDate): BatchDate | undefined {
  const start = startOf(batch).getTime()
  for (let back = 0; back <= farthestDays; back++) {
    const candidate = new Date(start - back * dayMs).toISOString().slice(0, 10)
    if (due(candidate)) return candidate
  }
  return undefined
}

function startOf(batch: BatchDate): Date {
  const start = new Date(`${batch}T00:00:00Z`)
  if (!/^\d{4}-\d\d-\d\d$/.test(batch) || Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== batch) {
    throw new SluiceError('USAGE', `${batch} is no date.`, { hint: 'Write the batch as YYYY-MM-DD.' })
  }
  return start
}

function rule(frequency: string): (day: Date) => boolean {
  if (frequency === 'always' || frequency === 'daily') return () => true
  const weekly = /^weekly:([a-z]{3})$/.exec(frequency)
  const weekday = weekdays.indexOf(weekly?.[1] ?? '')
  if (weekday >= 0) return (day) => day.getUTCDay() === weekday
  const monthly = /^monthly:(\d{1,2})$/.exec(frequency)
  const monthday = Number(monthly?.[1] ?? 0)
  if (monthday >= 1 && monthday <= 31) return (day) => day.getUTCDate() === Math.min(monthday, lastDayOf(day))
  return cronRule(frequency)
}

function lastDayOf(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()
}

function cronRule(frequency: string): (day: Date) => boolean {
  const cron = parseCron(frequency)
  return (day) => {
    const next = cron.nextRun(new Date(day.getTime() - 1))
    return next !== null && next.getTime() < day.getTime() + dayMs
  }
}

function parseCron(frequency: string): Cron {
  // croner takes a text with a colon as one moment, and a date that never comes as a pattern.
  if (!/^(@[a-z]+|\S+(\s+\S+){4,6})$/.test(frequency)) throw unknownFrequency(frequency)
  try {
    const cron = new Cron(frequency, { paused: true, timezone: 'UTC' })
    if (cron.nextRun(new Date(0)) !== null) return cron
  } catch (cause) {
    throw unknownFrequency(frequency, cause)
  }
  throw unknownFrequency(frequency)
}

function unknownFrequency(frequency: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The frequency "${frequency}" is not one that Sluice knows.`, {
    hint: 'Write always, daily, weekly:mon, monthly:1 or a cron expression.',
    cause,
  })
}
