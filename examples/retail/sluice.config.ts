import { duckdb, env, localFiles, localLake, project, rest, secret, sftp, sqlite, sqliteControl } from 'sluice-etl'
import type { Shop } from './types/shop.ts'

export const shop = sqlite<Shop>({ path: env('SHOP_DB') })
export const catalog = rest({
  baseUrl: env('CATALOG_URL'),
  headers: { 'X-Api-Key': secret('CATALOG_KEY') },
  // The demo's API runs on this host; one in the open needs no such line.
  allowPrivate: true,
})
export const stores = localFiles({ folder: env('STORES_DIR') })
export const branches = sftp({
  host: env('SFTP_HOST'),
  port: env('SFTP_PORT'),
  user: env('SFTP_USER'),
  password: secret('SFTP_PASSWORD'),
  hostKey: env('SFTP_HOST_KEY'),
})

export default project({
  name: 'retail',
  timeZone: 'America/New_York',
  lake: localLake('data/lake'),
  warehouse: duckdb('data/retail.duckdb'),
  control: sqliteControl('data/control.db'),
})
