import * as v from 'valibot'
import { isDue } from '../engine/due.ts'
import { isSluiceError } from '../errors.ts'

/** A frequency that the engine knows. */
export const frequency = v.pipe(
  v.string('is not a text'),
  v.check(isKnown, (issue) => `"${issue.input}" is none of always, daily, weekly:mon, monthly:1 and a cron expression`),
)

function isKnown(text: string): boolean {
  try {
    isDue(text, '2026-01-01')
    return true
  } catch (error) {
    if (isSluiceError(error, 'CONFIG_INVALID')) return false
    throw error
  }
}
