export type { ErrorCode } from './errors.ts'
export { isSluiceError, SluiceError } from './errors.ts'
export {
  bigint,
  binary,
  boolean,
  date,
  decimal,
  double,
  integer,
  json,
  smallint,
  text,
  time,
  timestamp,
  timestamptz,
  uuid,
} from './project/columns.ts'
export { csv, jsonLines, localFiles, sqlite } from './project/connections.ts'
export { extract } from './project/extract-definition.ts'
export { load } from './project/load-definition.ts'
export { duckdb, localLake, project, sqliteControl } from './project/project-definition.ts'
export { env, secret } from './project/setting.ts'
