import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { ChainedTable, ChainOptions } from './chain.ts'

/** What a process said that took tables the whole way. */
export interface ChainedElsewhere {
  readonly chained: Readonly<Record<string, ChainedTable>>
  /** The most memory that it ever held. */
  readonly peakBytes: number
}

/** Takes tables the whole way in a process of its own, whose zone is `zone`. */
export function chainInProcess(options: ChainOptions, zone: string): Promise<ChainedElsewhere> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'chain-child.ts'), {
      env: { PATH: process.env['PATH'], TZ: zone },
      execArgv: [],
    })
    let answer: ChainedElsewhere | { readonly failed: string } | undefined
    child.once('message', (message: ChainedElsewhere | { readonly failed: string }) => {
      answer = message
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer && 'chained' in answer && code === 0) resolve(answer)
      else
        reject(new Error(`The process ended with ${code}: ${answer && 'failed' in answer ? answer.failed : 'it said nothing'}`))
    })
    child.send(options)
  })
}
