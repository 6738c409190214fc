import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one run cost. */
export interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
  /** The process's highest resident memory. */
  readonly rssMb: number
}

/** One of those that are compared. Its facts, such as the sum that it found, must be the same in all runs and contenders. */
export interface Run extends Cost {
  readonly facts: Readonly<Record<string, string | number>>
  /** What may differ and is shown, such as the size of its file. */
  readonly shown?: Readonly<Record<string, number>>
}

/** A comparison: ours with one or more others. */
export interface Bench {
  /** Each is called in a process of its own; `folder` is the comparison's, with what `prepare` put there. */
  readonly contenders: Readonly<Record<string, (folder: string) => Promise<Run>>>
  /** The contenders that run alternately, ours first; {@link Bench.conclude} may run others. */
  readonly compared: readonly [string, ...string[]]
  /** Installs and makes what the contenders need; returns the versions that are compared. */
  prepare(folder: string): Promise<Readonly<Record<string, string>>>
  /** Returns what to print besides, such as whether a target is met. */
  conclude(folder: string, runs: Runs): readonly string[] | Promise<readonly string[]>
}

/** The runs of each contender. */
export type Runs = ReadonlyMap<string, readonly Run[]>

/** Measures work of this process. Reading memory by the system's own count needs Linux; elsewhere it is Node's. */
export async function measured<T>(work: () => Promise<T>): Promise<Cost & { readonly result: T }> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const result = await work()
  const wallMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (user + system) / 1000, rssMb: peakRssMb(), result }
}

function peakRssMb(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024
  // Not maxRSS: that one also counts the parent's memory at the moment of the fork.
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
}

const marker = 'BENCH-RESULT '

/** The contender's side: prints the result where {@link runContender} finds it. */
export function report(run: Run): void {
  console.log(marker + JSON.stringify(run))
}

/** Runs one contender once in a process of its own. */
export function runContender(name: string, contender: string, folder: string): Run {
  const script = join(import.meta.dirname, 'run.ts')
  const { status, stdout } = spawnSync(process.execPath, [script, name, contender, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = stdout.split('\n').find((text) => text.startsWith(marker))
  if (status !== 0 || line === undefined) throw new Error(`${contender} failed with exit ${status}: ${stdout}`)
  return JSON.parse(line.slice(marker.length))
}

/** Runs all contenders alternately, so that a slow spell of the machine meets all of them. */
export function runAlternately(name: string, contenders: readonly string[], rounds: number, folder: string): Map<string, Run[]> {
  const runs = new Map<string, Run[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [contender, list] of runs) {
      const run = runContender(name, contender, folder)
      list.push(run)
      console.error(`${contender} ${round + 1}/${rounds}: ${(run.wallMs / 1000).toFixed(2)} s`)
    }
  }
  return runs
}

/** Throws unless every run of every contender found the same. */
export function assertSameFacts(runs: Runs): void {
  const found = [...runs].flatMap(([contender, list]) => list.map(({ facts }) => [contender, JSON.stringify(facts)] as const))
  const other = found.find(([, facts]) => facts !== found[0]?.[1])
  if (other) throw new Error(`${other[0]} found ${other[1]}, ${found[0]?.[0]} found ${found[0]?.[1]}`)
}

/** The least of one cost over a contender's runs. */
export function least(runs: Runs, contender: string, cost: (run: Run) => number): number {
  return Math.min(...(runs.get(contender) ?? []).map(cost))
}

/** Whether a figure is within its target, as a line to print. */
export function target(what: string, figure: number, limit: number): string {
  return `${what}: ${figure.toFixed(2)}, target ≤ ${limit}: ${figure <= limit ? 'met' : 'NOT MET'}`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}

/** The runs as a table: minimum and median of each cost. */
export function table(runs: Runs): string {
  const shown = [...new Set([...runs.values()].flatMap((list) => list.flatMap((run) => Object.keys(run.shown ?? {}))))]
  const head = ['', 'runs', 'wall s min', 'med', 'CPU s min', 'med', 'peak RSS MB min', 'med', ...shown]
  const lines = [...runs].map(([contender, list]) => {
    const pair = (values: readonly number[], digits: number) => [
      Math.min(...values).toFixed(digits),
      median(values).toFixed(digits),
    ]
    return [
      contender,
      String(list.length),
      ...pair(
        list.map(({ wallMs }) => wallMs / 1000),
        3,
      ),
      ...pair(
        list.map(({ cpuMs }) => cpuMs / 1000),
        3,
      ),
      ...pair(
        list.map(({ rssMb }) => rssMb),
        0,
      ),
      ...shown.map((key) => String(list[0]?.shown?.[key] ?? '')),
    ]
  })
  const widths = head.map((title, index) => Math.max(title.length, ...lines.map((line) => line[index]?.length ?? 0)))
  const text = (cells: readonly string[]) => cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')
  return [head, ...lines].map(text).join('\n')
}
