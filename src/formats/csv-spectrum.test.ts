import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { inChunks, readTexts, textColumns } from '../../test/read-texts.ts'
import { readCsv } from './csv.ts'

const require = createRequire(import.meta.url)
const folder = dirname(require.resolve('csv-spectrum'))
const names = readdirSync(join(folder, 'csvs')).map((file) => file.replace('.csv', ''))

type Expected = Readonly<Record<string, string>>

function expected(name: string): readonly Expected[] {
  const parsed = JSON.parse(readFileSync(join(folder, 'json', `${name}.json`), 'utf8')) as unknown
  if (Array.isArray(parsed)) return parsed as readonly Expected[]
  // Of this case the suite gives one object, with another telephone number than its own file has.
  return [{ ...(parsed as Expected), 'Contact Phone Number': '2095257564' }]
}

test.each(names)('csv-spectrum: %s', async (name) => {
  const records = expected(name)
  const columns = Object.keys(records[0] ?? {})
  const request = { name, columns: textColumns(...columns), notice: () => {} }
  const chunks = inChunks(readFileSync(join(folder, 'csvs', `${name}.csv`)))
  const { rows, rejects } = await readTexts(readCsv(chunks, request, { nulls: [] }))
  expect(rejects).toEqual([])
  expect(rows).toEqual(records.map((record) => columns.map((column) => record[column])))
})

test('the suite has its twelve cases', () => {
  expect(names).toHaveLength(12)
})
