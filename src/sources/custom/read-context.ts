import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fetcher, FetchOptions } from '../../contracts/fetch.ts'
import type { ReadRequest } from '../../contracts/source.ts'
import { type ErrorDetails, SluiceError } from '../../errors.ts'
import type { ThrownAt } from './failures.ts'

/** Lines of the run's log: an event in words and flat facts. Secrets that `secret()` gave are taken out. */
export interface ReadLog {
  info(message: string, facts?: ErrorDetails): void
  warn(message: string, facts?: ErrorDetails): void
  error(message: string, facts?: ErrorDetails): void
}

/** From where to where custom code reads: `[lower, upper)`, values of the cursor's column as exact text. */
export interface ReadWindow {
  /** Where the last extraction ended; undefined: from the beginning. */
  readonly lower: string | undefined
  /** Set when a window is read again: rows from there on belong to a later one. Undefined: up to what there is. */
  readonly upper: string | undefined
}

/** What custom code is given to read with. */
export interface ReadContext {
  /** The business date that the run serves, `YYYY-MM-DD`. */
  readonly batch: string
  /** Without a cursor, neither end is set: everything is read each time. */
  readonly window: ReadWindow
  readonly log: ReadLog
  /** Aborted when the run is told to stop, and when the reading ends. */
  readonly signal: AbortSignal
  /** The value of an environment variable or of a line of `.env`. VARIABLE_UNSET when there is none. */
  env(name: string): string
  /** Like `env`, for what must never be shown: its value is taken out of every log line from now on. */
  secret(name: string): string
  /**
   * Asks over HTTP within limits: timeouts, 64 MiB an answer, waiting where the server asks for it, further tries by the
   * project's policy; no redirect to another origin, no private address unless it is allowed. Resolves to whole answers with
   * a status of success; any other status rejects by name, unless `statuses` lists it.
   */
  fetch(url: string | URL, options?: FetchOptions): Promise<Response>
  /** The path of a folder that only this user can read, made at the first call and removed when the reading ends. */
  temporaryFolder(): Promise<string>
}

/** What the project gives to custom code, and what it knows of it. */
export interface Surroundings {
  env(name: string): string
  secret(name: string): string
  /** Takes secrets out of a text. */
  redact(text: string): string
  /** Where in the project something was thrown; undefined when that was elsewhere. */
  placeOf(thrown: unknown): ThrownAt | undefined
  /** Closed with the source. */
  readonly fetcher: Fetcher
}

/** A context, and how what it made is removed. */
export interface OpenReadContext {
  readonly context: ReadContext
  close(): Promise<void>
}

/** Makes the context of one reading; `signal` also ends when the reading does. */
export function openReadContext(
  request: ReadRequest,
  window: ReadWindow,
  signal: AbortSignal,
  { env, secret, fetcher }: Surroundings,
): OpenReadContext {
  let folder: Promise<string> | undefined
  return {
    context: {
      batch: request.batch,
      window,
      log: readLog(request),
      signal,
      env,
      secret,
      fetch: (url, options = {}) => fetcher.fetch(url, options, { signal, retry: request.retry }),
      temporaryFolder: () => {
        folder ??= makeFolder()
        return folder
      },
    },
    close: async () => {
      const path = await folder?.catch(() => undefined)
      folder = undefined
      if (path !== undefined) await removeFolder(path, request.notice)
    },
  }
}

function readLog({ log }: ReadRequest): ReadLog {
  return {
    info: (message, facts) => log('info', message, facts),
    warn: (message, facts) => log('warn', message, facts),
    error: (message, facts) => log('error', message, facts),
  }
}

/** `mkdtemp` gives the folder to its owner alone. */
function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sluice-read-')).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `No folder can be made in ${tmpdir()}.`, {
      hint: 'Look at the free space and the rights of the folder for temporary files, or name another one in TMPDIR.',
      cause,
    })
  })
}

async function removeFolder(path: string, notice: (message: string) => void): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {
    notice(`The temporary folder ${path} could not be removed.`)
  })
}
