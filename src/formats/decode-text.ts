import { SluiceError } from '../errors.ts'

/** So far a fault can be located; the decoder says only that there is one. */
const pieceBytes = 4096

/**
 * Text of another encoding as UTF-8, without a byte order mark. Without a declared one, a UTF-16 byte order mark says so,
 * and anything else is passed on as it is. FILE_CORRUPT when bytes mean nothing in the encoding.
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  { name, encoding }: { readonly name: string; readonly encoding: string | undefined },
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0)
  let decoder: Decoder | undefined
  let isBegun = false
  for await (const chunk of chunks) {
    if (isBegun) {
      yield decoder === undefined ? chunk : decoder.decode(chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < 2) continue
    isBegun = true
    decoder = decoderFor(name, encoding ?? markedEncoding(head))
    yield decoder === undefined ? head : decoder.decode(head)
  }
  if (!isBegun) {
    decoder = decoderFor(name, encoding)
    if (head.length > 0) yield decoder === undefined ? head : decoder.decode(head)
  }
  if (decoder !== undefined) yield decoder.finish()
}

function markedEncoding(head: Uint8Array): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

function decoderFor(name: string, encoding: string | undefined): Decoder | undefined {
  if (encoding === undefined) return undefined
  const decoder = new TextDecoder(encoding, { fatal: true })
  // The formats read UTF-8 themselves, and refuse what is not by its row.
  return decoder.encoding === 'utf-8' ? undefined : new Decoder(name, decoder)
}

class Decoder {
  readonly #name: string
  readonly #decoder: InstanceType<typeof TextDecoder>
  #offset = 0

  constructor(name: string, decoder: InstanceType<typeof TextDecoder>) {
    this.#name = name
    this.#decoder = decoder
  }

  decode(chunk: Uint8Array): Uint8Array {
    let text = ''
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      text += this.#piece(chunk.subarray(at, at + pieceBytes), true)
    }
    return Buffer.from(text, 'utf8')
  }

  finish(): Uint8Array {
    return Buffer.from(this.#piece(new Uint8Array(0), false), 'utf8')
  }

  #piece(bytes: Uint8Array, stream: boolean): string {
    try {
      const text = this.#decoder.decode(bytes, { stream })
      this.#offset += bytes.length
      return text
    } catch (cause) {
      throw undecodable(this.#name, this.#decoder.encoding, stream ? `soon behind byte ${this.#offset}` : 'at its end', cause)
    }
  }
}

function undecodable(name: string, encoding: string, where: string, cause: unknown): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${name}: ${where} stands what is no ${encoding}.`, {
    hint: 'Set the encoding that the file is written in, or have it delivered again.',
    details: { file: name, encoding },
    cause,
  })
}
