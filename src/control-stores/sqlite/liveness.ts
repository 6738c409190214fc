import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { type Grant, type Holder, isGone } from '../sql/holder.ts'

/** Milliseconds since the machine started: unlike the wall clock, nobody sets it back. */
export function uptimeMs(): number {
  return Math.round((procUptime() ?? uptime()) * 1000)
}

/** Whether a lease holds: not expired by the uptime `nowMs`, which must be read after the grant, and its holder not provably dead. */
export function isLive(grant: Grant, own: Holder, nowMs: number): boolean {
  const ageMs = nowMs - grant.granted_ms
  // An uptime below that of the grant: the machine has started again since.
  return ageMs >= 0 && ageMs < grant.ttl_ms && !hasDied(grant, own)
}

/** A store in a file has one machine only: a holder of another boot is gone. */
function hasDied(holder: Holder, own: Holder): boolean {
  if (holder.boot_id !== '' && own.boot_id !== '' && holder.boot_id !== own.boot_id) return true
  return isGone(holder, own)
}

function procUptime(): number | undefined {
  try {
    const seconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    return seconds > 0 ? seconds : undefined
  } catch {
    return undefined
  }
}
