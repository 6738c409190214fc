import {
  duckdb,
  env,
  localFiles,
  localLake,
  mysql,
  project,
  rest,
  type SqlSource,
  secret,
  sftp,
  sqlite,
  sqliteControl,
} from 'sluice-etl'
import type { Shop } from './types/shop.ts'

// The shop as a MySQL or MariaDB server, where the environment has its url; else as a file.
export const shop: SqlSource<Shop> = process.env['SHOP_URL']
  ? mysql<Shop>({ url: secret('SHOP_URL') })
  : sqlite<Shop>({ path: env('SHOP_DB') })
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
