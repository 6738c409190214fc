import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { type ScriptId, type ScriptKind, scriptId } from '../model/script.ts'

/** A file that is a script. */
export interface ScriptFile {
  readonly kind: ScriptKind
  readonly name: string
  readonly id: ScriptId
  /** Absolute. */
  readonly path: string
  /** Relative to the project, for messages. */
  readonly shown: string
}

const folders = { extract: 'extract', load: 'load', mart: 'marts' } as const

/** The scripts of a kind, by name. SCRIPT_INVALID for a name that no script may have, and for two files of one name. */
export async function scriptFiles(root: string, kind: ScriptKind): Promise<readonly ScriptFile[]> {
  const folder = folders[kind]
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((cause: unknown) => nothingIn(folder, cause))
  const pattern = kind === 'mart' ? /\.sql$/ : /(?<!\.d|\.test)\.[jt]s$/
  const files = entries
    .filter((entry) => !entry.isDirectory() && pattern.test(entry.name))
    .map(({ name: file }): ScriptFile => {
      const name = file.replace(pattern, '')
      return { kind, name, id: scriptId(kind, name), path: join(root, folder, file), shown: `${folder}/${file}` }
    })
    .sort((left, right) => (left.shown < right.shown ? -1 : 1))
  for (const [index, file] of files.entries()) refuseName(file, files[index - 1])
  return files
}

function nothingIn(folder: string, cause: unknown): readonly [] {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
  throw new SluiceError('LOCAL_IO', `The folder ${folder} of the project cannot be read.`, {
    hint: `Look at the rights of ${folder}.`,
    cause,
  })
}

function refuseName({ name, id, shown }: ScriptFile, before: ScriptFile | undefined): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
    throw new SluiceError('SCRIPT_INVALID', `${shown} cannot be the name of a script.`, {
      hint: 'Rename the file to letters, digits, _ and -, such as daily_sales.',
      details: { file: shown },
    })
  }
  if (before?.id !== id) return
  throw new SluiceError('SCRIPT_INVALID', `${before.shown} and ${shown} are both the script ${id}.`, {
    hint: `Remove or rename one of them: rm ${before.shown}`,
    details: { files: [before.shown, shown] },
  })
}
