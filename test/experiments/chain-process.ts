import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { ChainedTable, ChainOptions } from './chain.ts'

type Chained = Readonly<Record<string, ChainedTable>>
type Answer = { readonly chained: Chained } | { readonly failed: string }

/** Takes tables the whole way in a process of its own, whose zone is `zone`. */
export function chainInProcess(options: ChainOptions, zone: string): Promise<Chained> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'chain-child.ts'), {
      env: { PATH: process.env['PATH'], TZ: zone },
      execArgv: [],
    })
    let answer: Answer | undefined
    child.once('message', (message: Answer) => {
      answer = message
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer && 'chained' in answer && code === 0) resolve(answer.chained)
      else
        reject(new Error(`The process ended with ${code}: ${answer && 'failed' in answer ? answer.failed : 'it said nothing'}`))
    })
    child.send(options)
  })
}
