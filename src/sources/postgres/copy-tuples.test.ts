import { expect, test } from 'vitest'
import { CopyTuples } from './copy-tuples.ts'

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')

function int(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}

const done = message('c', Buffer.alloc(0))

function encoded(rows: readonly (readonly (string | null)[])[], extension = ''): Buffer {
  const tuples = rows.map((row) => {
    const fields = row.map((cell) =>
      cell === null ? int(-1, 4) : Buffer.concat([int(Buffer.byteLength(cell), 4), Buffer.from(cell)]),
    )
    return Buffer.concat([int(row.length, 2), ...fields])
  })
  const header = Buffer.concat([signature, int(0, 4), int(extension.length, 4), Buffer.from(extension)])
  const [first = Buffer.alloc(0), ...others] = tuples
  const data = [Buffer.concat([header, first]), ...others, int(-1, 2)].map((bytes) => message('d', bytes))
  return Buffer.concat([message('H', Buffer.from([1, 0, 0])), ...data, done])
}

function message(kind: string, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(kind), int(bytes.length + 4, 4), bytes])
}

function decoded(chunks: readonly Buffer[], columns: number) {
  const tuples = new CopyTuples(columns)
  const rows: (string | null)[][] = []
  for (const chunk of chunks) {
    tuples.push(chunk)
    while (tuples.next()) {
      const { bytes, starts, lengths } = tuples
      rows.push([...starts].map((start, column) => text(bytes, start, lengths[column] ?? -1)))
    }
  }
  return { rows, hasEnded: tuples.hasEnded, isOver: tuples.isOver, rest: tuples.rest.toString('latin1') }
}

function text(bytes: Buffer, start: number, length: number): string | null {
  return length < 0 ? null : bytes.toString('utf8', start, start + length)
}

const rows = [
  ['1', 'one', ''],
  ['2', null, 'x'.repeat(300)],
  [null, null, null],
  ['4', 'é', 'last'],
]

test.each([1, 2, 3, 7, 19, 64, 1000])('rows are found in pieces of %i bytes', (size) => {
  const bytes = encoded(rows, 'an extension of the header')
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
  expect(decoded(chunks, 3)).toMatchObject({ rows, hasEnded: true, isOver: true })
})

test('what follows the rows is left', () => {
  const [complete, error] = [message('C', Buffer.from('COPY 4\0')), message('E', Buffer.from('SERROR\0\0'))]
  expect(decoded([Buffer.concat([encoded(rows), complete])], 3)).toMatchObject({ rows, rest: `${done}${complete}` })
  const broken = Buffer.concat([encoded(rows).subarray(0, -done.length - 7), error])
  expect(decoded([broken], 3)).toMatchObject({ rows, hasEnded: false, isOver: true, rest: `${error}` })
})

test('without the mark at the end it has not ended', () => {
  expect(decoded([encoded(rows).subarray(0, -done.length - 1)], 3)).toMatchObject({ rows, hasEnded: false, isOver: false })
  expect(decoded([encoded([])], 3)).toMatchObject({ rows: [], hasEnded: true, isOver: true })
})

test('other bytes are refused', () => {
  expect(() => decoded([encoded(rows)], 2)).toThrow('a row of 3 instead of 2 fields')
  expect(() => decoded([message('d', Buffer.from('id,name\n1,one\n2,two\n'))], 2)).toThrow('no signature of COPY')
  const longer = message('d', Buffer.concat([signature, int(0, 4), int(0, 4), int(1, 2), int(-1, 4), int(7, 2)]))
  expect(() => decoded([longer], 1)).toThrow('a message that is not one row')
})
