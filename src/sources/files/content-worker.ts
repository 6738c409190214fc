import { parentPort, workerData } from 'node:worker_threads'
import { isSluiceError } from '../../errors.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import { batchesAhead, type ContentTask, type FromThread, Inbox, type ThreadFailure, type ToThread } from './content-messages.ts'
import { readContent } from './file-content.ts'

const { name, columns, content }: ContentTask = workerData
const inbox = new Inbox<Extract<ToThread, { kind: 'chunk' | 'end' }>>()
const credits = new Inbox<ToThread>()
for (let credit = 0; credit < batchesAhead; credit++) credits.add({ kind: 'more' })

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'more') credits.add(message)
  else inbox.add(message)
})

try {
  const notice = (message: string) => tell({ kind: 'notice', message })
  for await (const batch of readContent(chunks(), content, { name, columns, notice })) {
    await credits.next()
    tell({ kind: 'batch', batch }, memoryOf(batch))
  }
  tell({ kind: 'done' })
} catch (cause) {
  tell({ kind: 'failed', failure: failureOf(cause) })
} finally {
  parentPort?.close()
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  while (true) {
    const message = await inbox.next()
    if (message.kind === 'end') return
    yield message.bytes
    const memory = message.bytes.buffer
    tell({ kind: 'taken', memory }, [memory])
  }
}

function tell(message: FromThread, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...memory])
}

/** A batch's buffers are those of whoever receives it. */
function memoryOf({ batch, rowNumbers }: ReadBatch): readonly ArrayBuffer[] {
  const parts = [...batch.columns.flatMap(({ values, validity }) => [values, validity]), rowNumbers]
  return parts.flatMap((part) => (part?.buffer instanceof ArrayBuffer ? [part.buffer] : []))
}

function failureOf(cause: unknown): ThreadFailure {
  if (isSluiceError(cause)) return { code: cause.code, message: cause.message, hint: cause.hint, details: cause.details }
  return {
    code: undefined,
    message: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
    hint: '',
    details: {},
  }
}
