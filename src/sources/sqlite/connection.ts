import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { isSluiceError, SluiceError } from '../../errors.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'

const busyLimitMs = 5000
const busyPauseMs = 25

/** An open database file, and whether a lock on it would keep writers out. */
export interface Connection {
  readonly database: DatabaseSync
  readonly writable: boolean
}

/** Opens an existing file; never creates one. */
export async function connect(path: string, readOnly: boolean): Promise<Connection> {
  const file = await stat(path).catch(() => undefined)
  if (!file?.isFile()) {
    throw new SluiceError('SOURCE_FAILED', `There is no SQLite file ${path}.`, {
      hint: 'Correct the path of the source, or create the database first.',
    })
  }
  const writable =
    !readOnly &&
    (await access(path, constants.W_OK)
      .then(() => true)
      .catch(() => false))
  const url = pathToFileURL(path)
  url.searchParams.set('mode', writable ? 'rw' : 'ro')
  try {
    const database = new DatabaseSync(url, { readOnly: !writable, timeout: 0 })
    return { database, writable }
  } catch (cause) {
    throw translated(cause, path)
  }
}

/** The code that SQLite's result stands for. */
export function translated(cause: unknown, path: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isBusy(cause)) {
    return new SluiceError('SOURCE_UNREACHABLE', `${path} stayed locked by a writer for ${busyLimitMs / 1000} s.`, {
      hint: 'Run it again when the writer has committed, or keep the database in WAL mode.',
      cause,
    })
  }
  const codes: Readonly<Record<number, string>> = {
    11: 'Restore the file from a backup: it is damaged.',
    14: 'Grant the right to read the file and its folder.',
    26: 'Correct the path: the file is not a SQLite database.',
  }
  const hint = codes[resultCode(cause) ?? -1] ?? 'Look at the message of SQLite in the log of this run.'
  return new SluiceError('SOURCE_FAILED', `SQLite refused to read ${path}: ${message}.`, { hint, cause })
}

function resultCode(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('errcode' in cause)) return undefined
  // The lower byte is the primary result; the upper ones only refine it.
  return typeof cause.errcode === 'number' ? cause.errcode & 0xff : undefined
}

/** Whether SQLite says that the SQL itself is wrong, or that there is none. */
export function isOfStatement(cause: unknown): boolean {
  const code = resultCode(cause)
  return cause instanceof Error && (code === 1 || code === undefined)
}

function isBusy(cause: unknown): boolean {
  const code = resultCode(cause)
  return code === 5 || code === 6
}

/** Runs the statement again while a writer is in the way, without blocking the event loop; undefined when that lasted too long. */
export async function unlessBusy(database: DatabaseSync, sql: string, signal: AbortSignal): Promise<true | undefined> {
  const deadline = performance.now() + busyLimitMs
  for (;;) {
    throwIfAborted(signal)
    try {
      database.exec(sql)
      return true
    } catch (cause) {
      if (!isBusy(cause)) throw cause
      if (performance.now() > deadline) return undefined
    }
    await wait(busyPauseMs)
  }
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
