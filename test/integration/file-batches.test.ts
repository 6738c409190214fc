import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { StepOutcome } from '../../src/engine/step.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf } from '../fixtures/engine-project.ts'

const columns = columnsOf({ id: 'int64', v: 'text' })
const drop = fileExtract('drop', 'drop *.csv', columns, { select: 'new' })
const load = loadOf(drop, { disposition: 'append' })

let project: EngineProject

afterEach(() => project.close())

async function both(batch: string, force = false): Promise<readonly [StepOutcome, StepOutcome]> {
  const extracted = await project.run('extract/drop', batch, force)
  return [extracted, extracted.error === undefined ? await project.run('load/drop', batch, force) : extracted]
}

const codes = (outcomes: readonly StepOutcome[]) => outcomes.map(({ exitCode }) => exitCode)
const target = () => project.rows('SELECT id, v, CAST(_batch_id AS VARCHAR) FROM target."drop" ORDER BY ALL')

async function manifest(batch: string): Promise<Manifest> {
  const { manifestPath = '' } = (await project.control.extractions.latest('extract/drop', batch)) ?? {}
  const parts: Uint8Array[] = []
  for await (const chunk of project.lake.read(manifestPath)) parts.push(Uint8Array.from(chunk))
  return JSON.parse(Buffer.concat(parts).toString('utf8'))
}

test('each file is loaded by one batch, also one that comes late, under another name or again by force', async () => {
  project = await engineProject([drop, load])
  await project.file('drop #1 2025-01-01.csv', 'id,v\n1,a\n')
  await project.file('drop \n2025-01-02 ü.csv', 'id,v\n2,b\n')
  await project.file('drop 2025-01-02 😀.csv', 'id,v\n3,c\n')
  expect(codes(await both('2025-01-02'))).toEqual([0, 0])
  const first = [
    ['1', 'a', '2025-01-02'],
    ['2', 'b', '2025-01-02'],
    ['3', 'c', '2025-01-02'],
  ]
  expect(await target()).toEqual(first)
  expect((await manifest('2025-01-02')).files.map(({ path }) => path)).toEqual([
    'drop #1 2025-01-01.csv',
    'drop \n2025-01-02 ü.csv',
    'drop 2025-01-02 😀.csv',
  ])

  await project.file('drop 2024-12-31.csv', 'id,v\n0,late\n')
  await rename(join(project.folder, 'files/drop #1 2025-01-01.csv'), join(project.folder, 'files/drop again.csv'))
  expect(codes(await both('2025-01-03'))).toEqual([0, 0])
  const second = [['0', 'late', '2025-01-03'], ...first]
  expect(await target()).toEqual(second)
  expect((await manifest('2025-01-03')).files).toMatchObject([
    { path: 'drop again.csv', sameAs: 'drop #1 2025-01-01.csv' },
    { path: 'drop 2024-12-31.csv' },
  ])

  // Nothing is new: an empty package, and the load has nothing to add.
  expect(codes(await both('2025-01-04'))).toEqual([0, 0])
  expect(await manifest('2025-01-04')).toMatchObject({ files: [], parts: [], rowsRead: 0 })

  // Each batch reads its own files again, and only them.
  await project.file('drop 2025-01-05.csv', 'id,v\n5,new\n')
  for (const batch of ['2025-01-03', '2025-01-04']) expect(codes(await both(batch, true))).toEqual([0, 0])
  expect(await target()).toEqual(second)
  expect(codes(await both('2025-01-05'))).toEqual([0, 0])
  expect(await target()).toEqual([...second, ['5', 'new', '2025-01-05']])
})

test('a file with another content stops the batch and changes nothing', async () => {
  project = await engineProject([drop, load])
  await project.file('drop a.csv', 'id,v\n1,a\n')
  expect(codes(await both('2025-01-01'))).toEqual([0, 0])
  const before = await target()
  await project.file('drop a.csv', 'id,v\n1,changed\n')
  await project.file('drop b.csv', 'id,v\n2,b\n')
  const [refused] = await both('2025-01-02')
  expect(refused).toMatchObject({ exitCode: 65, error: { code: 'FILE_CHANGED' } })
  expect(await project.control.extractions.latest('extract/drop', '2025-01-02')).toBeUndefined()
  expect(await target()).toEqual(before)
  // Its own batch may read it as it is now.
  expect(codes(await both('2025-01-01', true))).toEqual([0, 0])
  expect(await target()).toEqual([['1', 'changed', '2025-01-01']])
  expect(codes(await both('2025-01-02'))).toEqual([0, 0])
  expect(await target()).toEqual([
    ['1', 'changed', '2025-01-01'],
    ['2', 'b', '2025-01-02'],
  ])
})

test('an attempt that failed in a later file has loaded none of them', async () => {
  project = await engineProject([drop, load])
  await project.file('drop 2025-01-01.csv', 'id,v\n1,a\n')
  await project.file('drop 2025-01-02.csv', 'id,v\n2,"b\n')
  const [failed] = await both('2025-01-02')
  expect(failed).toMatchObject({ exitCode: 65, error: { code: 'FILE_CORRUPT' } })
  await writeFile(join(project.folder, 'files/drop 2025-01-02.csv'), 'id,v\n2,b\n')
  expect(codes(await both('2025-01-03'))).toEqual([0, 0])
  expect((await target()).map(([id]) => id)).toEqual(['1', '2'])
})

test('a batch whose file is gone cannot be read again, and its package stays', async () => {
  project = await engineProject([drop, load])
  await project.file('drop a.csv', 'id,v\n1,a\n')
  await both('2025-01-01')
  await rm(join(project.folder, 'files/drop a.csv'))
  const [gone] = await both('2025-01-01', true)
  expect(gone).toMatchObject({ exitCode: 65, error: { code: 'FILE_NOT_FOUND' } })
  expect((await manifest('2025-01-01')).files).toHaveLength(1)
  expect(await target()).toEqual([['1', 'a', '2025-01-01']])
})
