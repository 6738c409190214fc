import { SluiceError } from '../../errors.ts'
import { readCsv } from '../../formats/csv.ts'
import { decodeText } from '../../formats/decode-text.ts'
import type { FormatRequest } from '../../formats/format-reading.ts'
import { gunzip } from '../../formats/gunzip.ts'
import { readJson } from '../../formats/json-array.ts'
import { readJsonLines } from '../../formats/jsonl.ts'
import { openZip, type ZipReading } from '../../formats/zip.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import { fileMatcher, namesText } from './file-patterns.ts'
import type { FileContent } from './file-resource.ts'
import { LocalCopy } from './local-copy.ts'

/** The rows of one file, whatever it is packed in. */
export async function* readContent(
  chunks: AsyncIterable<Uint8Array>,
  content: FileContent,
  request: FormatRequest,
): AsyncGenerator<ReadBatch> {
  const { format } = content
  if (format.kind === 'parquet') {
    const { readParquet } = await import('../../formats/parquet.ts')
    return yield* copied(chunks, (copy) => readParquet(copy.path, request))
  }
  if (format.kind === 'excel') {
    const { readExcel } = await import('../../formats/excel.ts')
    const { unpackLimit: limit } = content
    return yield* copied(chunks, ({ path, bytes }) => readExcel({ path, bytes, limit }, request, format))
  }
  const compression = content.compression ?? compressionOf(request.name)
  if (compression === 'zip') {
    return yield* copied(chunks, (copy) => readArchive(copy, content, request))
  }
  const { name } = request
  const limit = content.unpackLimit
  yield* readText(compression === 'gzip' ? gunzip(chunks, { name, limit }) : chunks, content, request)
}

function compressionOf(name: string): FileContent['compression'] {
  const ending = /\.(gz|zip)$/i.exec(name)?.[1]?.toLowerCase()
  if (ending === undefined) return 'none'
  return ending === 'gz' ? 'gzip' : 'zip'
}

function readText(chunks: AsyncIterable<Uint8Array>, content: FileContent, request: FormatRequest): AsyncGenerator<ReadBatch> {
  const { format, encoding } = content
  const text = decodeText(chunks, { name: request.name, encoding })
  if (format.kind === 'csv') return readCsv(text, request, format)
  if (format.kind === 'jsonl') return readJsonLines(text, request)
  if (format.kind === 'json') return readJson(text, request, format)
  throw new TypeError(`${format.kind} is no text`)
}

/** Reads from a copy, which is made first and removed behind the last row. */
async function* copied(
  chunks: AsyncIterable<Uint8Array>,
  read: (copy: LocalCopy) => AsyncIterable<ReadBatch>,
): AsyncGenerator<ReadBatch> {
  const copy = await LocalCopy.make()
  try {
    await copy.fill(chunks)
    if (copy.bytes > 0) yield* read(copy)
  } finally {
    await copy.remove()
  }
}

/** The entries of a zip file, one behind the other: their rows are numbered through. */
async function* readArchive(copy: LocalCopy, content: FileContent, request: FormatRequest): AsyncGenerator<ReadBatch> {
  const { name } = request
  const archive = await openZip(copy.path, { name, bytes: copy.bytes, limit: content.unpackLimit })
  try {
    let before = 0
    for (const entry of chosenEntries(archive, content, name)) {
      const rows = readText(archive.read(entry), content, { ...request, name: `${name}: ${entry}` })
      let read = 0
      for await (const batch of rows) {
        yield before === 0 ? batch : renumbered(batch, before, read)
        read += batch.batch.rows + batch.rejects.length
      }
      before += read
    }
  } finally {
    archive.close()
  }
}

function chosenEntries({ names }: ZipReading, { entries }: FileContent, name: string): readonly string[] {
  if (entries !== undefined) {
    const chosen = names.filter(fileMatcher(entries)).sort()
    if (chosen.length > 0) return chosen
    throw notChosen(name, `holds no file that matches ${entries}: ${namesText(names)}`)
  }
  const chosen = names.filter((entry) => !/(^|\/)\./.test(entry))
  if (chosen.length === 1) return chosen
  throw notChosen(name, chosen.length === 0 ? 'holds no file' : `holds ${chosen.length} files: ${namesText(chosen)}`)
}

function notChosen(name: string, what: string): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${name} ${what}.`, {
    hint: "Say which of its files to read with `entries: '**/*.csv'` in the extract script, or have it packed as agreed.",
    details: { file: name },
  })
}

/** A batch of a later entry, numbered behind the `before` records of the earlier ones; `read` are those of its own entry. */
function renumbered({ batch, rowNumbers, rejects }: ReadBatch, before: number, read: number): ReadBatch {
  const numbers = Uint32Array.from({ length: batch.rows }, (_, at) => before + (rowNumbers?.[at] ?? read + at + 1))
  return { batch, rowNumbers: numbers, rejects: rejects.map((reject) => ({ ...reject, row: reject.row + before })) }
}
