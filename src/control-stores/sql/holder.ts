import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What proves later whether a lease's holder still lives; what the platform does not tell is empty. */
export interface Holder {
  readonly host: string
  readonly pid: number
  readonly boot_id: string
  readonly pid_namespace: string
  readonly start_time: string
}

/** A holder, and since when and how long its lease was granted, by the clock that the store's leases go by. */
export interface Grant extends Holder {
  readonly granted_ms: number
  readonly ttl_ms: number
}

/** A process as /proc shows it now. */
export type ProcessState = { readonly startTime: string } | 'gone' | 'unknown'

/** This process as a lease's holder. */
export function thisHolder(): Holder {
  const state = processState(process.pid)
  return {
    host: hostname(),
    pid: process.pid,
    boot_id: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pid_namespace: readOr('', () => readlinkSync('/proc/self/ns/pid')),
    start_time: typeof state === 'object' ? state.startTime : '',
  }
}

/**
 * Whether the holder's process, one of this boot of this machine, is not running any more. False when that cannot be proven:
 * then its lease's TTL decides.
 */
export function isGone(holder: Holder, own: Holder, stateOf: (pid: number) => ProcessState = processState): boolean {
  if (holder.boot_id === '' || holder.boot_id !== own.boot_id || holder.host !== own.host) return false
  if (holder.pid_namespace === '' || holder.pid_namespace !== own.pid_namespace || holder.start_time === '') return false
  const state = stateOf(holder.pid)
  return state === 'gone' || (typeof state === 'object' && state.startTime !== holder.start_time)
}

/** When the process started (field 22 of its stat); `gone` only when the system says that it is not there, or it is a zombie. */
export function processState(pid: number): ProcessState {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (cause) {
    // A /proc mounted with hidepid hides the processes of others: the signal must miss too.
    return isCode(cause, 'ENOENT', 'ESRCH') && !canBeSignalled(pid) ? 'gone' : 'unknown'
  }
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return 'gone'
  return fields[19] === undefined ? 'unknown' : { startTime: fields[19] }
}

function canBeSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return !isCode(cause, 'ESRCH')
  }
}

function isCode(cause: unknown, ...codes: readonly string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.includes(String(cause.code))
}

function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
