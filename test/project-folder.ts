import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A project in a temporary folder. */
export interface ProjectFolder {
  readonly root: string
  write(path: string, text: string): Promise<void>
  remove(): Promise<void>
}

const entries = ['index', 'library', 'testing']
const exports = Object.fromEntries(entries.map((entry) => [entry === 'index' ? '.' : `./${entry}`, `./${entry}.js`]))
const sourceOf = (entry: string) => pathToFileURL(join(import.meta.dirname, `../src/${entry}.ts`)).href

/** A folder with these files, in which `sluice-etl` is this checkout. */
export async function projectFolder(files: Readonly<Record<string, string>>): Promise<ProjectFolder> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-project-')))
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const all = {
    'package.json': '{ "type": "module" }',
    'node_modules/sluice-etl/package.json': JSON.stringify({ name: 'sluice-etl', type: 'module', exports }),
    ...Object.fromEntries(
      entries.map((entry) => [`node_modules/sluice-etl/${entry}.js`, `export * from '${sourceOf(entry)}'\n`]),
    ),
    ...files,
  }
  for (const [path, text] of Object.entries(all)) await write(path, text)
  return { root, write, remove: () => rm(root, { recursive: true, force: true }) }
}
