import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf } from '../fixtures/engine-project.ts'
import { lakePaths, publishedState } from '../fixtures/published-state.ts'

const batch = '2025-01-02'
const lines = fileExtract('lines', 'lines-*.csv', columnsOf({ id: 'int64', note: 'text' }))
const load = loadOf(lines, { disposition: 'merge', key: ['id'] }, { rejectLimit: 5 })

let project: EngineProject
beforeAll(async () => {
  project = await engineProject([lines, load])
  await project.file('lines-2025-01-01.csv', 'id,note\n1,a\n2,b\n')
  await project.run('extract/lines', '2025-01-01')
  await project.run('load/lines', '2025-01-01')
  await project.file('lines-2025-01-02.csv', 'id,note\n1,x\n3,c\nragged\n')
})
afterAll(() => project.close())

/** The absolute path of a file of the batch's newest package. */
async function packageFile(name: string, of = batch): Promise<string> {
  const committed = await project.control.extractions.latest('extract/lines', of)
  return join(project.folder, 'lake', committed?.manifestPath.replace('manifest.json', name) ?? '')
}

async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

const part = 'part-00001.parquet'
const alterations: readonly (readonly [string, string, () => Promise<void>])[] = [
  ['one bit of a part', 'STAGED_FILE_ALTERED', async () => flipByte(await packageFile(part), 60)],
  ['a part that was cut', 'STAGED_FILE_ALTERED', async () => truncate(await packageFile(part), 100)],
  ['a part that is gone', 'STAGED_FILE_ALTERED', async () => rm(await packageFile(part))],
  [
    'a part of another package in its place',
    'STAGED_FILE_ALTERED',
    async () => copyFile(await packageFile(part, '2025-01-01'), await packageFile(part)),
  ],
  ['one bit of the rejects', 'STAGED_FILE_ALTERED', async () => flipByte(await packageFile('rejects-00001.parquet'), 60)],
  [
    'a manifest with another count',
    'MANIFEST_INVALID',
    async () => {
      const path = await packageFile('manifest.json')
      await writeFile(path, (await readFile(path, 'utf8')).replace('"rows":2', '"rows":3'))
    },
  ],
  ['a manifest that is no JSON', 'MANIFEST_INVALID', async () => writeFile(await packageFile('manifest.json'), '{')],
  ['a manifest that is gone', 'MANIFEST_INVALID', async () => rm(await packageFile('manifest.json'))],
]

describe('a package that was altered in the lake is refused, and nothing changes', () => {
  beforeEach(async () => {
    await project.run('extract/lines', batch, true)
  })

  test.each(alterations)('%s: %s', async (_, code, alter) => {
    await alter()
    const before = [await publishedState(project), await lakePaths(project)]
    const outcome = await project.run('load/lines', batch)
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code } })
    expect(outcome.error?.hint).toContain('--force')
    expect([await publishedState(project), await lakePaths(project)]).toEqual(before)
    const [run] = await project.control.runs.list({ script: 'load/lines', limit: 1 })
    expect(run).toMatchObject({ status: 'FAILED', errorCode: code, manifestSha256: undefined })
  })

  test('what was extracted again after that is loaded', async () => {
    await rm(await packageFile('manifest.json'))
    expect(await project.run('extract/lines', batch, true)).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
    expect(await project.run('load/lines', batch)).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
    expect(await project.rows('SELECT id, note FROM target.lines ORDER BY id')).toEqual([
      ['1', 'x'],
      ['2', 'b'],
      ['3', 'c'],
    ])
  })
})
