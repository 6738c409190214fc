import { duckdb, env, localFiles, localLake, project, sqlite, sqliteControl } from 'sluice-etl'
import type { Shop } from './types/shop.ts'

export const shop = sqlite<Shop>({ path: env('SHOP_DB') })
export const catalog = localFiles({ folder: env('CATALOG_DIR') })
export const branches = localFiles({ folder: env('STORES_DIR') })

export default project({
  name: 'retail',
  timeZone: 'America/New_York',
  lake: localLake('data/lake'),
  warehouse: duckdb('data/retail.duckdb'),
  control: sqliteControl('data/control.db'),
})
