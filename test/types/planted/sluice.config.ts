import { duckdb, env, localFiles, localLake, project, sqlite, sqliteControl } from 'sluice-etl'
import type { Shop } from './shop.ts'

export const shop = sqlite<Shop>({ path: env('SHOP_DB') })
export const drop = localFiles({ folder: env('DROP_DIR') })

export default project({
  name: 'planted',
  timeZone: 'UTC',
  lake: localLake('data/lake'),
  warehouse: duckdb('data/planted.duckdb'),
  control: sqliteControl('data/control.db'),
})
