import { readFileSync, readlinkSync, statfsSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { dirname } from 'node:path'
import { SluiceError } from '../../errors.ts'

/** What proves later whether a lease's holder still lives; what the platform does not tell is empty. */
export interface Holder {
  readonly host: string
  readonly pid: number
  readonly boot_id: string
  readonly pid_namespace: string
  readonly start_time: string
}

/** A holder and how long its lease was granted for, by the machine's uptime. */
export interface Grant extends Holder {
  readonly granted_uptime_ms: number
  readonly ttl_ms: number
}

/** A process as /proc shows it now. */
export type ProcessState = { readonly startTime: string } | 'gone' | 'unknown'

/** NFS, SMB, CIFS, SMB2, AFS, Ceph and Lustre, by the type that statfs reports. */
const networkTypes: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x0bd00bd0])

/** Milliseconds since the machine started: unlike the wall clock, nobody sets it back. */
export function uptimeMs(): number {
  const seconds = Number(readOr('', () => readFileSync('/proc/uptime', 'utf8')).split(' ')[0])
  return Math.round((seconds > 0 ? seconds : uptime()) * 1000)
}

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

/** Whether a lease holds: not expired by the uptime `nowMs`, which must be read after the grant, and its holder not provably dead. */
export function isLive(grant: Grant, own: Holder, nowMs: number): boolean {
  const ageMs = nowMs - grant.granted_uptime_ms
  // An uptime below that of the grant: the machine has started again since.
  return ageMs >= 0 && ageMs < grant.ttl_ms && !provablyDead(grant, own)
}

/** Whether the holder cannot be running any more. False when that cannot be proven: then its lease's TTL decides. */
export function provablyDead(holder: Holder, own: Holder, stateOf: (pid: number) => ProcessState = processState): boolean {
  if (holder.boot_id === '' || own.boot_id === '') return false
  if (holder.boot_id !== own.boot_id) return true
  if (holder.pid_namespace === '' || holder.pid_namespace !== own.pid_namespace || holder.start_time === '') return false
  const state = stateOf(holder.pid)
  return state === 'gone' || (typeof state === 'object' && state.startTime !== holder.start_time)
}

/** CONFIG_INVALID when the file would lie on a network file system, where SQLite's locks cannot be trusted. */
export function refuseNetworkFileSystem(path: string): void {
  const folderType = () => readOr(0, () => statfsSync(dirname(path)).type)
  if (!isNetworkType(readOr(undefined, () => statfsSync(path).type) ?? folderType())) return
  throw new SluiceError('CONFIG_INVALID', `The control store ${path} lies on a network file system.`, {
    hint: 'Put the control store on a local disk.',
  })
}

/** Some platforms report the type as a signed number. */
export function isNetworkType(type: number): boolean {
  return networkTypes.has(type >>> 0)
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
