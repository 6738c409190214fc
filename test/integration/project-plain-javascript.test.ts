import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { isSluiceError } from '../../src/errors.ts'
import { openProject } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'
import { plantedMistakes } from '../types/planted-mistakes.ts'

const planted = join(import.meta.dirname, '../types/planted')
let folder: ProjectFolder | undefined

afterEach(() => folder?.remove())

/** A project of plain JavaScript with what the planted scripts import and, when one is given, one of them. */
async function projectWith(mistake: string | undefined): Promise<string> {
  const extracts = ['lines', 'overlapping', 'changes', 'stores'].map((name) => `extract/${name}.ts`)
  const dimensions = ['stores', 'plain_stores', 'store_log', 'store_names', 'hashed_stores'].map((name) => `load/${name}.ts`)
  const shared = ['sluice.config.ts', 'shop.ts', ...extracts, ...dimensions]
  const files = await Promise.all(
    [...shared, ...(mistake === undefined ? [] : [mistake])].map(async (file) => {
      const text = await readFile(join(planted, file), 'utf8')
      return [file === mistake ? file.replace(/\.ts$/, '.js') : file, text] as const
    }),
  )
  folder = await projectFolder(Object.fromEntries(files))
  return folder.root
}

const refusal = async (mistake: string | undefined): Promise<unknown> =>
  openProject(await projectWith(mistake), {}).then(
    () => undefined,
    (error: unknown) => error,
  )

test('what the planted scripts import is a project', async () => {
  expect(await refusal(undefined)).toBeUndefined()
})

const shared = plantedMistakes.filter(({ sentence }) => sentence !== undefined)

test('at least ten sentences are shared with the compiler', () => {
  expect(shared.length).toBeGreaterThanOrEqual(10)
})

for (const { file, sentence } of shared) {
  test(`plain JavaScript with the mistake of ${file} gets the compiler's sentence`, async () => {
    const error = await refusal(file)
    if (!isSluiceError(error)) throw error
    expect(error.message).toContain(sentence)
    expect(error.message).toContain(file.replace(/\.ts$/, '.js'))
    expect(error.exitCode).toBe(78)
    const near = /Did you mean (?:to write )?'"?(\w+)/.exec(plantedMistakes.find((one) => one.file === file)?.firstLine ?? '')
    if (near) expect(error.message).toContain(`'${near[1]}'?`)
  })
}
