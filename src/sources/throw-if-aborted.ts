import { SluiceError } from '../errors.ts'

/** ABORTED when the engine told the reading to stop. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal)
}

/** What a reading rejects with that the engine told to stop. */
export function aborted(signal: AbortSignal): SluiceError {
  return new SluiceError('ABORTED', 'The reading was told to stop.', { hint: 'Run it again.', cause: signal.reason })
}
