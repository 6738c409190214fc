import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import type { Adapter } from '../contracts/adapter.ts'
import type { BudgetLimit, ControlStore } from '../contracts/control-store.ts'
import type { Lake } from '../contracts/lake.ts'
import type { Source } from '../contracts/source.ts'
import type { Warehouse } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { optionsSchema } from './check-options.ts'
import { customAdapter } from './custom-adapter.ts'
import { type Environment, isEnv, isSecret, settingText } from './environment.ts'
import { filesOptions } from './file-options.ts'
import { mysqlAdapter } from './mysql-adapter.ts'
import { setting } from './option-schemas.ts'
import { postgresAdapter } from './postgres-adapter.ts'
import { postgresControlAdapter } from './postgres-control-adapter.ts'
import type { Redactor } from './redactor.ts'
import { ftpAdapter, sftpAdapter } from './remote-adapters.ts'
import type { DeclaredColumns } from './resource.ts'
import { restAdapter } from './rest-adapter.ts'
import type { Setting } from './setting.ts'
import { choiceEntries, tableSchema } from './sql-connections.ts'

/** An adapter as the project knows it: what its options may be, and how they become a working part. */
export interface ConfiguredAdapter<Contract> {
  readonly options: v.GenericSchema<unknown, object>
  /** Reads the variables, resolves paths against the project's folder and opens. */
  open(options: object, place: Place): Promise<Contract>
}

/** A source's adapter, with what its resources may say. */
export interface SourceAdapter extends ConfiguredAdapter<Source> {
  /** The options of a resource; with `columns` where the source has no catalogue. */
  readonly resource: v.GenericSchema<unknown, { readonly columns?: DeclaredColumns }>
  /** Whether its resources can be read by a cursor. */
  readonly hasCursors: boolean
}

/** Where options are read: the project's folder, its variables, and what messages call the part. */
export interface Place {
  readonly root: string
  readonly environment: Environment
  readonly name: string
  /** Told of secrets that only the part itself knows. */
  readonly redactor: Redactor
  /** Takes turns at the part together with other processes, trying again by itself; left out where no control store is open. */
  readonly takeTurn?: (limits: readonly BudgetLimit[]) => Promise<number>
}

type Resolved<Options> = { readonly [N in keyof Options]: Setting extends Options[N] ? string : Options[N] }

const flag = v.boolean('is neither true nor false')

/** By the type that a connection names. */
export const sources: Readonly<Record<string, SourceAdapter>> = {
  sqlite: {
    ...adapter(
      optionsSchema('the options of sqlite', {
        path: setting,
        readOnly: v.exactOptional(flag),
        misfits: v.exactOptional(v.picklist(['reject', 'null', 'text'], "is neither 'reject' nor 'null' nor 'text'")),
      }),
      'path',
      {
        type: 'sqlite',
        open: async (options) => (await import('../sources/sqlite.ts')).openSqliteSource(options),
      },
    ),
    resource: tableSchema(choiceEntries),
    hasCursors: true,
  },
  mysql: mysqlAdapter,
  postgres: postgresAdapter,
  'local-files': {
    ...adapter(optionsSchema('the options of localFiles', { folder: setting }), 'folder', {
      type: 'local-files',
      open: async (options) => (await import('../sources/local-files.ts')).openLocalFiles(options),
    }),
    resource: filesOptions,
    hasCursors: false,
  },
  sftp: { ...sftpAdapter, resource: filesOptions, hasCursors: false },
  ftp: { ...ftpAdapter, resource: filesOptions, hasCursors: false },
  rest: restAdapter,
  custom: customAdapter,
}

/** By the type that the project file names. */
export const lakes: Readonly<Record<string, ConfiguredAdapter<Lake>>> = {
  local: adapter(optionsSchema('the options of localLake', { path: setting }), 'path', {
    type: 'local',
    open: async (options) => (await import('../lakes/local.ts')).openLocalLake(options),
  }),
}

/** By the type that the project file names. */
export const warehouses: Readonly<Record<string, ConfiguredAdapter<Warehouse>>> = {
  duckdb: adapter(
    optionsSchema('the options of duckdb', {
      path: setting,
      threads: v.exactOptional(v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))),
      memoryLimit: v.exactOptional(v.string('is not a text')),
      busyTimeoutMs: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))),
    }),
    'path',
    {
      type: 'duckdb',
      open: async (options) => {
        await makeFolderOf(options.path)
        return (await import('../warehouses/duckdb/index.ts')).openDuckdb(options)
      },
    },
  ),
}

/** By the type that the project file names. */
export const controlStores: Readonly<Record<string, ConfiguredAdapter<ControlStore>>> = {
  sqlite: adapter(optionsSchema('the options of sqliteControl', { path: setting }), 'path', {
    type: 'sqlite',
    open: async (options) => (await import('../control-stores/sqlite/index.ts')).openSqliteControl(options),
  }),
  postgres: postgresControlAdapter,
}

/** `file` is the option that holds a path. */
function adapter<Options extends object, Contract>(
  options: v.GenericSchema<unknown, Options>,
  file: keyof Options & string,
  { type, open }: Adapter<Resolved<Options>, Contract>,
): ConfiguredAdapter<Contract> {
  return {
    options,
    open: async (raw, { root, environment, name }) => {
      const resolved = Object.entries(raw).map(([option, value]: [string, unknown]) => {
        if (typeof value !== 'string' && !isEnv(value) && !isSecret(value)) return [option, value]
        const text = settingText(value, `the option '${option}' of ${name} (${type})`, environment)
        return [option, option === file ? resolve(root, text) : text]
      })
      return open(Object.fromEntries(resolved) as Resolved<Options>)
    },
  }
}

async function makeFolderOf(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The folder of ${path} cannot be made.`, {
      hint: 'Look at the rights of the folder above, or give the project another path.',
      cause,
    })
  })
}
