import { SluiceError } from '../errors.ts'
import type { LoadScript } from '../model/script.ts'

/** REJECTS_OVER_LIMIT when a load refused more rows than it may. */
export function checkRejectLimit({ id, rejectLimit }: LoadScript, refused: number): void {
  if (refused <= rejectLimit) return
  throw new SluiceError(
    'REJECTS_OVER_LIMIT',
    `${id} refused ${refused} rows, ${rejectLimit} are allowed; nothing was published.`,
    {
      hint: `Look at them with sluice rejects list ${id}, mend the source, or raise rejectLimit in ${id}.`,
      details: { refused, limit: rejectLimit },
    },
  )
}
