import { SluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import { CsvTokenizer } from './csv-tokenizer.ts'
import { type FormatRequest, tokenize } from './format-reading.ts'

/** How a file of separated values is written. */
export interface CsvOptions {
  /** One ASCII character; by default a comma. */
  readonly delimiter?: string | undefined
  /** One ASCII character; by default a double quote. */
  readonly quote?: string | undefined
  /** Whether the first record names the columns; by default it does. Without, they come in their declared order. */
  readonly header?: boolean | undefined
  /** The unquoted texts that mean NULL, instead of the empty one. A quoted field is never NULL. */
  readonly nulls?: readonly string[] | undefined
}

/**
 * Reads separated values as RFC 4180 has them, with any mixture of line ends, every field as the text that stands there.
 * Records that are ragged, malformed or not UTF-8 are refused by line; an unclosed quote at the end is FILE_CORRUPT.
 */
export function readCsv(
  chunks: AsyncIterable<Uint8Array>,
  request: FormatRequest,
  options: CsvOptions = {},
): AsyncGenerator<ReadBatch> {
  const delimiter = markByte('delimiter', options.delimiter ?? ',')
  const quote = markByte('quote', options.quote ?? '"')
  if (delimiter === quote) throw invalid('The delimiter and the quote of a CSV file must differ.')
  const tokenizer = new CsvTokenizer(request, {
    delimiter,
    quote,
    header: options.header ?? true,
    nulls: (options.nulls ?? ['']).map((text) => Buffer.from(text, 'utf8')),
  })
  return tokenize(chunks, tokenizer)
}

function markByte(what: string, text: string): number {
  const code = text.charCodeAt(0)
  if (text.length === 1 && code > 0 && code < 128 && text !== '\n' && text !== '\r') return code
  throw invalid(`The ${what} of a CSV file must be one ASCII character, not ${JSON.stringify(text)}.`)
}

function invalid(message: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', message, { hint: "Set the format's `delimiter` and `quote` in the extract script." })
}
