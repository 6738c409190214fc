import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RunLog } from '../engine/context.ts'
import { type ErrorDetails, SluiceError } from '../errors.ts'
import type { Redactor } from './redactor.ts'

const folder = 'log'

/** Makes the logs of runs: JSON lines in `log/<name>.log` of the project, each written at once, without secrets. */
export async function runLogs(root: string, { redactLine }: Redactor): Promise<(name: string) => RunLog> {
  const { pino } = await import('pino')
  return (name) => {
    const file = `${folder}/${name}.log`
    const sink = openSink(root, file, pino.destination)
    const log = pino(
      {
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (line) => void sink.write(redactLine(line)) },
    )
    return {
      file,
      info: (message: string, facts?: ErrorDetails) => log.info(facts ?? {}, message),
      warn: (message: string, facts?: ErrorDetails) => log.warn(facts ?? {}, message),
      error: (message: string, facts?: ErrorDetails) => log.error(facts ?? {}, message),
      close: () => sink.close(),
    }
  }
}

interface Sink {
  write(line: string): void
  close(): Promise<void>
}

type Destination = typeof import('pino').pino.destination

function openSink(root: string, file: string, destination: Destination): Sink {
  const open = () => {
    mkdirSync(join(root, folder), { recursive: true })
    return destination({ dest: join(root, file), sync: true, fsync: false })
  }
  const stream = opened(file, open)
  let failure: Error | undefined
  stream.on('error', (error: Error) => {
    // A run must not die of its log; it is said once.
    if (!failure) process.stderr.write(`The log ${file} cannot be written: ${error.message}\n`)
    failure = error
  })
  return {
    write: (line) => void (failure ?? stream.write(line)),
    close: () =>
      new Promise((resolve) => {
        if (failure) return resolve()
        stream.once('close', () => resolve())
        stream.once('error', () => resolve())
        stream.end()
      }),
  }
}

function opened<T>(file: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    throw unwritable(file, cause)
  }
}

function unwritable(file: string, cause: unknown): SluiceError {
  return new SluiceError('LOCAL_IO', `The log ${file} cannot be made.`, {
    hint: 'Look at the free space of the disk and at the rights of the folder log.',
    cause,
  })
}
