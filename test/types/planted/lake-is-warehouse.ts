import { duckdb, project, sqliteControl } from 'sluice-etl'

export default project({
  name: 'planted',
  timeZone: 'UTC',
  lake: duckdb('data/lake.duckdb'),
  warehouse: duckdb('data/planted.duckdb'),
  control: sqliteControl('data/control.db'),
})
