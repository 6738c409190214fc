import { type ChainOptions, runChain } from './chain.ts'

/** Takes tables the whole way in a process of its own, whose zone is not ours, and answers what became of them. */
process.on('message', (options: ChainOptions) => {
  process.exitCode = 75
  runChain(options).then(
    (chained) => {
      process.send?.({ chained }, () => process.disconnect())
      process.exitCode = 0
    },
    (cause: unknown) => process.send?.({ failed: String(cause) }, () => process.disconnect()),
  )
})
