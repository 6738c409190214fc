import { SaxesParser } from 'saxes'
import { kindOfFormat, type NumberKind } from './excel-values.ts'
import type { ZipReading } from './zip.ts'

/** What the sheets of a workbook share. */
export interface Workbook {
  readonly sheets: readonly Sheet[]
  readonly strings: readonly string[]
  /** What each cell style makes of a number. */
  readonly styles: readonly NumberKind[]
  /** Whether days are counted from 1904 on. */
  readonly is1904: boolean
}

export interface Sheet {
  readonly name: string
  readonly isHidden: boolean
  /** Its name in the archive. */
  readonly part: string
}

/** What is heard of the elements of an XML text; names come without a prefix. */
export interface XmlListener {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

/** Reads the parts of a workbook that describe its sheets. The error of what is none is a plain one. */
export async function readWorkbook(archive: ZipReading): Promise<Workbook> {
  const roots = await relations(archive, '')
  const path = roots.find(({ type }) => type === 'officeDocument')?.target ?? 'xl/workbook.xml'
  const parts = await relations(archive, path)
  const partOf = (type: string) => parts.find((part) => part.type === type)?.target
  const { sheets, is1904 } = await readSheets(archive, path, parts)
  return {
    sheets,
    is1904,
    strings: await readStrings(archive, partOf('sharedStrings')),
    styles: await readStyles(archive, partOf('styles')),
  }
}

/** Tells the listener of one part, piece by piece; `onPiece` is called behind each. */
export async function* readXml(bytes: AsyncIterable<Uint8Array>, listener: XmlListener): AsyncGenerator<void> {
  const parser = new SaxesParser()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  parser.on('opentag', ({ name, attributes }) => listener.open?.(local(name), attributes))
  parser.on('closetag', ({ name }) => listener.close?.(local(name)))
  parser.on('text', (text) => listener.text?.(text))
  parser.on('cdata', (text) => listener.text?.(text))
  for await (const chunk of bytes) {
    parser.write(decoder.decode(chunk, { stream: true }))
    yield
  }
  parser.write(decoder.decode())
  parser.close()
  yield
}

/** Excel writes characters that XML does not allow as `_x000D_`. */
export function unescaped(text: string): string {
  return text.includes('_x') ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))) : text
}

interface Relation {
  readonly id: string
  /** The last word of its address. */
  readonly type: string
  /** Its name in the archive. */
  readonly target: string
}

async function relations(archive: ZipReading, part: string): Promise<readonly Relation[]> {
  const slash = part.lastIndexOf('/') + 1
  const folder = part.slice(0, slash)
  const found: Relation[] = []
  await readPart(archive, `${folder}_rels/${part.slice(slash)}.rels`, {
    open(name, { Id, Type, Target, TargetMode }) {
      if (name !== 'Relationship' || Id === undefined || Target === undefined || TargetMode === 'External') return
      found.push({ id: Id, type: Type?.slice(Type.lastIndexOf('/') + 1) ?? '', target: resolved(folder, Target) })
    },
  })
  return found
}

function resolved(folder: string, target: string): string {
  return new URL(target, `zip:///${folder}`).pathname.slice(1)
}

async function readSheets(archive: ZipReading, path: string, parts: readonly Relation[]) {
  const sheets: Sheet[] = []
  let is1904 = false
  await readPart(archive, path, {
    open(name, attributes) {
      if (name === 'workbookPr') is1904 = isTrue(attributes['date1904'])
      if (name !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => local(key) === 'id')?.[1]
      const part = parts.find((relation) => relation.id === id && relation.type === 'worksheet')?.target
      const isHidden = (attributes['state'] ?? 'visible') !== 'visible'
      if (part !== undefined) sheets.push({ name: attributes['name'] ?? '', isHidden, part })
    },
  })
  return { sheets, is1904 }
}

async function readStrings(archive: ZipReading, part: string | undefined): Promise<readonly string[]> {
  const strings: string[] = []
  let text = ''
  let isText = false
  let isPhonetic = false
  if (part === undefined) return strings
  await readPart(archive, part, {
    open(name) {
      if (name === 'si') text = ''
      if (name === 'rPh') isPhonetic = true
      isText = name === 't' && !isPhonetic
    },
    text(piece) {
      if (isText) text += piece
    },
    close(name) {
      isText = false
      if (name === 'rPh') isPhonetic = false
      if (name === 'si') strings.push(unescaped(text))
    },
  })
  return strings
}

async function readStyles(archive: ZipReading, part: string | undefined): Promise<readonly NumberKind[]> {
  const codes = new Map<number, string>()
  const styles: NumberKind[] = []
  let isCell = false
  if (part === undefined) return styles
  await readPart(archive, part, {
    open(name, attributes) {
      const id = Number(attributes['numFmtId'] ?? 0)
      if (name === 'numFmt') codes.set(id, attributes['formatCode'] ?? '')
      if (name === 'cellXfs') isCell = true
      if (name === 'xf' && isCell) styles.push(kindOfFormat(id, codes.get(id)))
    },
    close(name) {
      if (name === 'cellXfs') isCell = false
    },
  })
  return styles
}

async function readPart(archive: ZipReading, part: string, listener: XmlListener): Promise<void> {
  if (!archive.names.includes(part)) return
  for await (const _piece of readXml(archive.read(part), listener));
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true'
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
