import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { SluiceError } from '../../errors.ts'
import { invalid, tooLarge } from './failures.ts'

type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
}

/** What a request says that it can read. */
export const acceptedEncodings = 'gzip, deflate, br, zstd'

/** The body as it was before it was compressed for the way; more than `maxBytes` of it are refused, as is what is not as it says. */
export async function decodeBody(body: Buffer, encoding: string | undefined, label: string, maxBytes: number): Promise<Buffer> {
  const names = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  let decoded = body
  for (const name of names.reverse()) {
    const decode = decoders[name]
    if (decode === undefined) {
      throw invalid(label, `was answered with the content encoding ${name}`, `Have the API send one of ${acceptedEncodings}.`)
    }
    if (decoded.length === 0) continue
    decoded = await decode(decoded, { maxOutputLength: maxBytes }).catch((cause: unknown) => {
      throw undecodable(cause, name, label)
    })
  }
  return decoded
}

function undecodable(cause: unknown, name: string, label: string): SluiceError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(label)
  // All that is there is in order, so the rest was lost on the way.
  const isCut = code === 'Z_BUF_ERROR'
  if (isCut) {
    return new SluiceError('SOURCE_UNREACHABLE', `${label}: the answer ends in the middle of its ${name} data.`, {
      hint: 'Run it again.',
      details: { request: label },
      cause,
    })
  }
  return invalid(
    label,
    `was answered with a body that is not the ${name} it says`,
    'Have the API, or the proxy before it, mended.',
  )
}
