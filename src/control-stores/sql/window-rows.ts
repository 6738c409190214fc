import type { CursorWindow } from '../../model/manifest.ts'
import type { WindowColumns } from './tables.ts'

/** A window as columns; all of them NULL without one. */
export function windowRow(window: CursorWindow | undefined): WindowColumns {
  return {
    window_column: window?.column ?? null,
    window_lower: window?.lower ?? null,
    window_upper: window?.upper ?? null,
    window_proven: window ? Number(window.proven) : null,
    window_next: window?.next ?? null,
  }
}

/** The window that the columns hold. */
export function windowOf(row: WindowColumns): CursorWindow | undefined {
  if (row.window_column === null) return undefined
  return {
    column: row.window_column,
    lower: row.window_lower ?? undefined,
    upper: row.window_upper ?? undefined,
    proven: row.window_proven === 1,
    next: row.window_next ?? undefined,
  }
}
