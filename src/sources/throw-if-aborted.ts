import { SluiceError } from '../errors.ts'

/** ABORTED when the engine told the reading to stop. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  throw new SluiceError('ABORTED', 'The reading was told to stop.', { hint: 'Run it again.', cause: signal.reason })
}
