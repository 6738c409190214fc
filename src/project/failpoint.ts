import { writeSync } from 'node:fs'
import { SluiceError } from '../errors.ts'

/**
 * The points at which a test makes the process fail, by `SLUICE_FAILPOINT`: `<step>.<moment>:<action>[:n]`, such as
 * `extract.after-part:kill:2`; at the n-th time that the point is reached, by default the first. Without the variable,
 * nothing happens. CONFIG_INVALID for a text that is none.
 */
export function failpoints(variables: Readonly<Record<string, string | undefined>>): (point: string) => Promise<void> {
  const text = variables['SLUICE_FAILPOINT']
  if (text === undefined || text === '') return async () => {}
  const [, wanted, action, times = '1'] = /^([a-z]+\.[a-z-]+):(kill|stop|throw|exit|hang)(?::([1-9]\d*))?$/.exec(text) ?? []
  if (wanted === undefined || action === undefined) throw invalid(text)
  let reached = 0
  return async (point) => {
    if (point !== wanted) return
    reached += 1
    if (reached !== Number(times)) return
    // Written at once: what follows may leave no time.
    writeSync(2, `failpoint ${point} reached, time ${reached}: ${action}\n`)
    await act(action, point)
  }
}

async function act(action: string, point: string): Promise<void> {
  if (action === 'throw') throw new Error(`the failpoint ${point} threw`)
  if (action === 'exit') process.exit(75)
  if (action === 'kill') process.kill(process.pid, 'SIGKILL')
  // Frozen here until someone sends SIGCONT, then it goes on.
  if (action === 'stop') return void process.kill(process.pid, 'SIGSTOP')
  // Keeps the process alive, as one that hangs is; a killed one does not come back either.
  setInterval(() => {}, 60_000)
  await new Promise(() => {})
}

function invalid(text: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `SLUICE_FAILPOINT is "${text}", which names no point and action.`, {
    hint: 'Unset it, or write it like extract.after-part:kill:2.',
  })
}
