import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Commands, StorePlace } from './control-child.ts'

/** A process that works on the store when it is asked to. */
export class Child {
  readonly process: ChildProcess = fork(join(import.meta.dirname, 'control-child.ts'), [], { execArgv: [] })
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0

  constructor() {
    this.process.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const answer = this.#answers.get(id)
      if (error === undefined) answer?.resolve(value)
      else answer?.reject(new Error(error))
    })
  }

  call<Name extends keyof Commands>(name: Name, ...args: Parameters<Commands[Name]>): ReturnType<Commands[Name]> {
    this.#calls += 1
    const answer = Promise.withResolvers<unknown>()
    this.#answers.set(this.#calls, answer)
    this.process.send({ id: this.#calls, name, args })
    return answer.promise as ReturnType<Commands[Name]>
  }

  /** Opens the store; with `host`, as if from another machine. */
  async open(place: StorePlace, host?: string, clockOffMs = 0): Promise<void> {
    if (host !== undefined) await this.call('pretend', host, clockOffMs)
    await this.call('open', place)
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name)
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await gone
  }
}
