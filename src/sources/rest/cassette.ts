import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SluiceError } from '../../errors.ts'
import type { HttpAnswer, HttpRequest, Transport } from './exchange.ts'

/** Headers of answers that are not kept: those that may let somebody in, and those that say how the body travelled. */
const droppedHeaders =
  /^(set-cookie2?|www-authenticate|proxy-.*|.*authorization|content-length|content-encoding|transfer-encoding|connection|keep-alive|date|server)$/

/** One line of a cassette. */
interface Recorded {
  readonly request: { readonly method: string; readonly url: string; readonly body?: string }
  readonly answer: {
    readonly status: number
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly text?: string
    readonly base64?: string
  }
}

/** Takes the values of secrets out of what is written. */
export class Redaction {
  readonly #secrets = new Set<string>()

  add(secrets: readonly string[]): void {
    for (const secret of secrets) if (secret !== '') this.#secrets.add(secret)
  }

  url(url: URL): string {
    const plain = new URL(url)
    plain.username = ''
    plain.password = ''
    const query = [...plain.searchParams].map(
      ([name, value]) => [name, this.#secrets.has(value) ? '***' : value] as [string, string],
    )
    // In one order, so that a request is found again however its parameters were put together.
    plain.search = new URLSearchParams(query.sort(([left], [right]) => (left < right ? -1 : 1))).toString()
    return this.text(plain.href)
  }

  text(text: string): string {
    let clean = text
    for (const secret of this.#secrets) {
      // A shorter one would be found in words that have nothing to do with it.
      if (secret.length < 4) continue
      clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***')
    }
    return clean
  }
}

/** Sends over the network and keeps what was said, without request headers and secrets. An older cassette of the path is replaced. */
export async function recordingTransport(inner: Transport, path: string, redaction: Redaction): Promise<Transport> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, '')
  })
  let queue = Promise.resolve()
  return {
    isLive: inner.isLive,
    async send(request, signal) {
      const answer = await inner.send(request, signal)
      const line = `${JSON.stringify(recorded(request, answer, redaction))}\n`
      queue = queue.then(() => writing(path, () => appendFile(path, line)))
      await queue
      return answer
    },
    close: () => inner.close(),
  }
}

/** Answers from a cassette: requests that were the same get the answers in the order in which they were recorded. */
export async function replayingTransport(path: string, redaction: Redaction): Promise<Transport> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The cassette ${path} cannot be read.`, {
      hint: "Record it first: set the connection's cassette to the mode 'record' and run the extraction.",
      details: { path },
      cause,
    })
  })
  const answers = new Map<string, Recorded['answer'][]>()
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const { request, answer } = parsed(line, path)
    const key = keyOf(request)
    answers.set(key, [...(answers.get(key) ?? []), answer])
  }
  return {
    isLive: false,
    async send(request, signal) {
      signal.throwIfAborted()
      const answer = answers.get(keyOf(asked(request, redaction)))?.shift()
      if (answer === undefined) throw missing(request, redaction, path)
      const { status, headers, url, text: body, base64 } = answer
      const bytes = base64 === undefined ? Buffer.from(body ?? '', 'utf8') : Buffer.from(base64, 'base64')
      return { status, headers, url: new URL(url), body: bytes }
    },
    async close() {},
  }
}

function recorded(request: HttpRequest, { status, headers, body, url }: HttpAnswer, redaction: Redaction): Recorded {
  const kept = Object.entries(headers).filter(([name]) => !droppedHeaders.test(name))
  return {
    request: asked(request, redaction),
    answer: {
      status,
      url: redaction.url(url),
      headers: Object.fromEntries(kept.map(([name, value]) => [name, redaction.text(value)])),
      ...(isUtf8(body)
        ? { text: redaction.text(body.toString('utf8')) }
        : { base64: Buffer.from(redaction.text(body.toString('latin1')), 'latin1').toString('base64') }),
    },
  }
}

function asked({ method, url, body }: HttpRequest, redaction: Redaction): Recorded['request'] {
  return { method, url: redaction.url(url), ...(body !== undefined && { body: redaction.text(body) }) }
}

function keyOf({ method, url, body }: Recorded['request']): string {
  return createHash('sha256')
    .update(JSON.stringify([method, url, body]))
    .digest('hex')
}

function parsed(line: string, path: string): Recorded {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw damaged(path, cause)
  }
}

function damaged(path: string, cause: unknown): SluiceError {
  return new SluiceError('FILE_CORRUPT', `The cassette ${path} has a line that is no JSON.`, {
    hint: 'Record it again.',
    details: { path },
    cause,
  })
}

function missing({ method, url, label }: HttpRequest, redaction: Redaction, path: string): SluiceError {
  return new SluiceError('SOURCE_FAILED', `The cassette ${path} has no more answer to ${method} ${redaction.url(url)}.`, {
    hint: "Record it again: set the connection's cassette to the mode 'record' and run the extraction.",
    details: { path, request: label },
  })
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  await work().catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The cassette ${path} cannot be written.`, {
      hint: 'Look at the rights of its folder and at the room on the disk.',
      details: { path },
      cause,
    })
  })
}
