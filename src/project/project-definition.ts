import { definition } from './definition.ts'
import type { Setting } from './setting.ts'

/** Where staged files live between extract and load. */
export interface LakeDefinition {
  readonly [definition]: 'lake'
  readonly type: string
  readonly options: object
}

/** Where landing, target and mart tables live. */
export interface WarehouseDefinition {
  readonly [definition]: 'warehouse'
  readonly type: string
  readonly options: object
}

/** Where the framework keeps what it knows of scripts, batches and runs. */
export interface ControlStoreDefinition {
  readonly [definition]: 'control store'
  readonly type: string
  readonly options: object
}

/** A DuckDB file and the engine's own limits. */
export interface DuckdbOptions {
  readonly path: Setting
  /** By default all cores. */
  readonly threads?: number
  /** What DuckDB calls `memory_limit`: '2GB'. */
  readonly memoryLimit?: string
  /** How long to wait for another process that holds the file. */
  readonly busyTimeoutMs?: number
}

/** A folder of this machine; a relative path begins at the project's folder. */
export function localLake(path: Setting): LakeDefinition {
  return { [definition]: 'lake', type: 'local', options: { path } }
}

/** A DuckDB file, by its path or with options; a relative path begins at the project's folder. */
export function duckdb(file: Setting | DuckdbOptions): WarehouseDefinition {
  const options = typeof file === 'object' && !(definition in file) ? file : { path: file }
  return { [definition]: 'warehouse', type: 'duckdb', options }
}

/** A SQLite file on a local disk, for runs of one host; a relative path begins at the project's folder. */
export function sqliteControl(path: Setting): ControlStoreDefinition {
  return { [definition]: 'control store', type: 'sqlite', options: { path } }
}

/** A Postgres database, version 14 or later, and the schema in it that the control store has for itself. */
export interface PostgresControlOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`; it holds a password, so read it by `secret()`. */
  readonly url: Setting
  /** By default `sluice`; made when it is not there. */
  readonly schema?: string
}

/** A schema of a Postgres database, for teams and for runs of several hosts; needs the package `pg`. */
export function postgresControl(options: PostgresControlOptions): ControlStoreDefinition {
  return { [definition]: 'control store', type: 'postgres', options }
}

/** What the default export of `sluice.config.ts` says. */
export interface ProjectOptions {
  readonly name: string
  /** An IANA zone, such as `America/New_York`: batch dates are days of it. */
  readonly timeZone: string
  readonly lake: LakeDefinition
  readonly warehouse: WarehouseDefinition
  readonly control: ControlStoreDefinition
  /** Whether a batch opens with its first run (`implicit`, the default) or by `sluice batch open`. */
  readonly batches?: 'implicit' | 'explicit'
  /** The batch that a run serves when none is named and none is open; by default the day of the run. */
  readonly batchDate?: 'run-day' | 'previous-day'
  /** Whether a changed script needs a person's approval before it runs again; by default not. */
  readonly approval?: boolean
  /** How long a run keeps its script when it shows no more sign of life; by default 60,000. */
  readonly leaseTtlMs?: number
  /** How many scripts of a graph run at once; by default 2. */
  readonly parallel?: number
  readonly retry?: {
    /** Tries in all, the first included; by default 5. */
    readonly attempts?: number
    /** By default 500. */
    readonly firstDelayMs?: number
    /** From the first try on; by default 300,000. */
    readonly deadlineMs?: number
  }
  /** The names of the warehouse's layers, by default the same as their words here. */
  readonly schemas?: {
    readonly landing?: string
    readonly target?: string
    readonly mart?: string
    readonly audit?: string
  }
}

/** The default export of `sluice.config.ts`; the connections are its other exports. */
export interface ProjectDefinition {
  readonly [definition]: 'project'
  readonly options: ProjectOptions
}

/** Describes a project. */
export function project(options: ProjectOptions): ProjectDefinition {
  return { [definition]: 'project', options }
}
