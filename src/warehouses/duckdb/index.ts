import { lstat, realpath } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Warehouse } from '../../contracts/warehouse.ts'
import { SluiceError } from '../../errors.ts'
import { translateDuckdbError } from './failures.ts'
import { TableQueue } from './table-queue.ts'
import { DuckdbWarehouse } from './warehouse.ts'

/** A warehouse in one DuckDB file of this machine. */
export interface DuckdbOptions {
  /** Absolute, or relative to the working directory. The file may be missing, its folder may not. */
  readonly path: string
  /** How many threads DuckDB uses; by default one for each core. */
  readonly threads?: number
  /** How much memory DuckDB takes before it writes to disk: `4GB`. By default 80 % of the machine's. */
  readonly memoryLimit?: string
  /** How long to wait for another process that holds the file; 10,000 by default. */
  readonly busyTimeoutMs?: number
}

const defaultBusyTimeoutMs = 10_000
const retryAfterMs = 100

/** By real path: everyone who writes a file in this process stands in one queue. */
const queues = new Map<string, TableQueue>()

/**
 * Opens the file, or shares it with those that have it open in this process: two DuckDB instances of one file would
 * overwrite each other's commits. TARGET_BUSY when another process holds the file for longer than `busyTimeoutMs`.
 */
export async function openDuckdb(options: DuckdbOptions): Promise<Warehouse> {
  const path = await canonicalPath(resolve(options.path))
  const instance = await openInstance(path, options)
  const queue = queues.get(path) ?? new TableQueue()
  queues.set(path, queue)
  return new DuckdbWarehouse(path, instance, queue)
}

/** The one name of a file that may not be there yet. */
async function canonicalPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined) return real
  const folder = await realpath(dirname(path)).catch((cause: unknown) => {
    const why = `its folder ${dirname(path)} is not there, or not for this user`
    throw unopened(path, why, 'Create the folder of the warehouse file, or give this user the right to it.', cause)
  })
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isSymbolicLink()) return join(folder, basename(path))
  throw unopened(path, 'it is a link to a file that is not there', 'Name the file itself in the project file.', undefined)
}

async function openInstance(path: string, options: DuckdbOptions): Promise<DuckDBInstance> {
  const settings = instanceSettings(options)
  const deadline = performance.now() + (options.busyTimeoutMs ?? defaultBusyTimeoutMs)
  for (;;) {
    try {
      return await DuckDBInstance.fromCache(path, settings)
    } catch (cause) {
      if (!isHeld(cause) || performance.now() >= deadline) throw openFailure(path, cause)
    }
    await sleep(retryAfterMs)
  }
}

function instanceSettings({ threads, memoryLimit }: DuckdbOptions): Record<string, string> {
  return {
    // A file of another kind would make DuckDB fetch code from the network.
    autoinstall_known_extensions: 'false',
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(memoryLimit === undefined ? {} : { memory_limit: memoryLimit }),
  }
}

function isHeld(cause: unknown): cause is Error {
  return cause instanceof Error && /Could not set lock|used by another process/.test(cause.message)
}

function openFailure(path: string, cause: unknown): SluiceError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isHeld(cause)) return busy(path, cause)
  if (message.startsWith('Failed to set config')) return invalidSettings(path, cause)
  if (message.includes('different configuration')) {
    const hint = 'Give every use of this warehouse file the same threads and memoryLimit.'
    return new SluiceError('CONFIG_INVALID', `${path} is open in this process with other settings.`, { hint, cause })
  }
  if (/not a valid DuckDB database file|Extension "|Is a directory/.test(message)) {
    const hint = 'Set the path of the warehouse to a DuckDB file, or to one that is not there yet.'
    return new SluiceError('TARGET_FAILED', `${path} is there, but it is not a DuckDB file.`, { hint, cause })
  }
  return translateDuckdbError(`DuckDB could not open ${path}`, cause)
}

function busy(path: string, cause: Error): SluiceError {
  const pid = /\(PID (\d+)\)/.exec(cause.message)?.[1]
  const holder = pid === undefined ? 'another process' : `process ${pid} on ${hostname()}`
  return new SluiceError('TARGET_BUSY', `The warehouse file ${path} is held by ${holder}.`, {
    hint: 'Wait for that process or end it (a DuckDB shell or a database browser holds the file too), then run the same command again.',
    details: { path, host: hostname(), ...(pid === undefined ? {} : { pid: Number(pid) }) },
    cause,
  })
}

function invalidSettings(path: string, cause: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', `DuckDB does not take the threads or the memoryLimit given for ${path}.`, {
    hint: "Write threads as a number from 1 and memoryLimit as a size such as '4GB'.",
    cause,
  })
}

function unopened(path: string, why: string, hint: string, cause: unknown): SluiceError {
  return new SluiceError('LOCAL_IO', `The warehouse file ${path} could not be opened: ${why}.`, { hint, cause })
}
