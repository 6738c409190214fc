import type { Progress, ProgressSink } from '../engine/context.ts'

/** Shows each running script in one line on a terminal: phase, rows, rate and how long it will take. */
export interface ProgressLines {
  readonly sink: ProgressSink
  /** Takes the lines away. */
  close(): void
}

interface Shown {
  readonly progress: Progress
  readonly since: number
}

const refreshMs = 100

/** Lines on stderr when it is a terminal; silent otherwise. */
export async function openProgress(quiet: boolean): Promise<ProgressLines> {
  if (quiet || !process.stderr.isTTY) return { sink: () => {}, close: () => {} }
  const { createLogUpdate } = await import('log-update')
  const update = createLogUpdate(process.stderr)
  const shown = new Map<string, Shown>()
  const timer = setInterval(
    () => update([...shown.values()].map((line) => lineOf(line, performance.now())).join('\n')),
    refreshMs,
  )
  timer.unref()
  return {
    sink: (progress) => {
      const before = shown.get(progress.script)
      const since = before?.progress.phase === progress.phase ? before.since : performance.now()
      shown.set(progress.script, { progress, since })
    },
    close: () => {
      clearInterval(timer)
      update.clear()
    },
  }
}

/** The line for one script; `now` and `since` are milliseconds of one clock. */
export function lineOf({ progress, since }: Shown, now: number): string {
  const seconds = (now - since) / 1000
  const rate = seconds > 0 ? progress.rows / seconds : 0
  const total = progress.expectedRows
  const share = total === undefined || total === 0 ? '' : ` of ${total.toLocaleString('en')}`
  const left = total === undefined || rate === 0 ? '' : `, ${Math.max(0, Math.ceil((total - progress.rows) / rate))} s left`
  return `${progress.script} ${progress.phase} ${progress.rows.toLocaleString('en')}${share} rows, ${Math.round(rate).toLocaleString('en')}/s${left}`
}
