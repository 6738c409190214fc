import type { Renewal, Renewer } from '../../contracts/control-store.ts'
import { SluiceError } from '../../errors.ts'
import { openDatabase } from './database.ts'
import { prolongLease } from './leases.ts'

/** Renews leases over a connection of its own, so that another thread can. Takes what the store's `renewal.options` say. */
export async function openRenewer(options: Renewal['options']): Promise<Renewer> {
  const { path } = options
  if (typeof path !== 'string') {
    throw new SluiceError('INTERNAL', 'A lease cannot be renewed without the path of the control store.', {
      hint: 'Report it with the log of this run.',
    })
  }
  const database = await openDatabase(path)
  return {
    renew: async (key, leaseTtlMs, progress) => database.transaction((trx) => prolongLease(trx, key, leaseTtlMs, progress)),
    close: () => database.close(),
  }
}
