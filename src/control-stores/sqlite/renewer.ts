import type { Renewal, Renewer } from '../../contracts/control-store.ts'
import { SluiceError } from '../../errors.ts'
import { sqlRenewer } from '../sql/store.ts'
import { openDatabase } from './store-file.ts'

/** Renews leases over a connection of its own, so that another thread can. Takes what the store's `renewal.options` say. */
export async function openRenewer(options: Renewal['options']): Promise<Renewer> {
  const { path } = options
  if (typeof path !== 'string') {
    throw new SluiceError('INTERNAL', 'A lease cannot be renewed without the path of the control store.', {
      hint: 'Report it with the log of this run.',
    })
  }
  return sqlRenewer((await openDatabase(path)).database)
}
