import { duckdb, localLake, project, sqliteControl } from 'sluice-etl'

// Export each connection here, such as: export const shop = sqlite({ path: env('SHOP_DB') })
// A file under extract/ reads one of its tables, one under load/ says what becomes of it, marts/ holds SELECTs.

export default project({
  name: 'PROJECT_NAME',
  timeZone: 'UTC',
  lake: localLake('data/lake'),
  warehouse: duckdb('data/warehouse.duckdb'),
  control: sqliteControl('data/control.db'),
})
