export type { FetchOptions } from './contracts/fetch.ts'
export type { ErrorCode } from './errors.ts'
export { isSluiceError, SluiceError } from './errors.ts'
export type { CheckDefinition, CheckOptions } from './project/checks.ts'
export { between, expression, matches, notNull, oneOf } from './project/checks.ts'
export type { ColumnBuilder, ColumnDefinition, PlainColumn, Shape } from './project/columns.ts'
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
export type {
  CsvOptions,
  ExcelOptions,
  FileFormat,
  FileSource,
  FilesOptions,
  JsonArrayOptions,
  NewestOptions,
  NewOptions,
  SqliteOptions,
} from './project/connections.ts'
export { csv, excel, jsonArray, jsonLines, localFiles, parquet, sqlite } from './project/connections.ts'
export type { CustomCursorOptions, CustomExtractOptions } from './project/custom-extract.ts'
export type { CursorOptions, ExtractDefinition, ExtractOptions, Frequency } from './project/extract-definition.ts'
export { extract } from './project/extract-definition.ts'
export type { Literal } from './project/literals.ts'
export type { ComputedColumn, LoadColumn } from './project/load-column.ts'
export { computed } from './project/load-column.ts'
export type { Append, InsertOnly, LoadColumns, LoadDefinition, LoadOptions, Merge, Replace } from './project/load-definition.ts'
export { load } from './project/load-definition.ts'
export type { LookupColumn, LookupOptions } from './project/lookup.ts'
export { lookup } from './project/lookup.ts'
export type { MysqlOptions } from './project/mysql-connection.ts'
export { mysql } from './project/mysql-connection.ts'
export type { OwnResourceOptions, OwnSource, Settings, SourceKind } from './project/own-source.ts'
export { connection } from './project/own-source.ts'
export type { PostgresOptions } from './project/postgres-connection.ts'
export { postgres } from './project/postgres-connection.ts'
export type {
  ControlStoreDefinition,
  DuckdbOptions,
  LakeDefinition,
  PostgresControlOptions,
  ProjectDefinition,
  ProjectOptions,
  WarehouseDefinition,
} from './project/project-definition.ts'
export { duckdb, localLake, postgresControl, project, sqliteControl } from './project/project-definition.ts'
export type { FtpOptions, SftpOptions } from './project/remote-connections.ts'
export { ftp, sftp } from './project/remote-connections.ts'
export type { DeclaredColumns, ResourceDefinition } from './project/resource.ts'
export type {
  RestAuth,
  RestConnection,
  RestGetOptions,
  RestOptions,
  RestPaging,
  RestPostOptions,
} from './project/rest-connection.ts'
export { rest } from './project/rest-connection.ts'
export type { Env, Secret, Setting } from './project/setting.ts'
export { env, secret } from './project/setting.ts'
export type { NoPartitions, PartitionOptions, SqlSource, TableChoice, Tables } from './project/sql-connections.ts'
export type { ReadContext, ReadLog, ReadWindow } from './sources/custom/read-context.ts'
