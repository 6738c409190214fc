import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, extname, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SluiceError } from '../errors.ts'

/** A file to import, and what its failure is called. */
export interface ImportRequest {
  readonly root: string
  /** Absolute. */
  readonly file: string
  readonly code: 'CONFIG_INVALID' | 'SCRIPT_INVALID'
  /** The file and what it imports inside the project. */
  readonly reachable: readonly string[]
}

/** What a file of the project exports. When it cannot be imported, the error of `code` names the file and, where known, the line. */
export async function importModule(request: ImportRequest): Promise<Readonly<Record<string, unknown>>> {
  return import(pathToFileURL(request.file).href).catch(async (cause: unknown) => {
    const place = (await placeOf(cause, request)) ?? { file: request.file, line: undefined }
    const file = relative(request.root, place.file).split(sep).join('/')
    const where = place.line === undefined ? file : `${file}, line ${place.line}`
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new SluiceError(request.code, `${where}: ${said.replaceAll(`${request.root}${sep}`, '')}`, {
      hint: hintFor(said, where),
      details: { file, ...(place.line !== undefined && { line: place.line }) },
      cause,
    })
  })
}

/** A place in a file of the project. */
export interface SourcePlace {
  readonly file: string
  readonly line: number | undefined
}

function hintFor(said: string, where: string): string {
  if (/Cannot find package 'sluice-etl'/.test(said)) return 'Install it in the project: npm install sluice-etl'
  const missing = /Cannot find package '([^']+)'/.exec(said)?.[1]
  if (missing !== undefined) return `Install it in the project: npm install ${missing}`
  return `Correct ${where}, then look with: sluice check`
}

async function placeOf(cause: unknown, { root, reachable }: ImportRequest): Promise<SourcePlace | undefined> {
  if (!(cause instanceof Error)) return undefined
  const importer = /imported from (\S.*)$/m.exec(cause.message)?.[1]
  if (importer?.startsWith(root + sep)) return { file: importer, line: await importLine(cause.message, importer) }
  const inStack = placeInStack(cause.stack ?? '', root)
  if (inStack || !(cause instanceof SyntaxError)) return inStack
  return reachable.map(placeOfSyntaxError).find((place) => place !== undefined)
}

/**
 * The first place inside the project; frames look like `at file:///…:3:7`, a syntax error begins with `file:///…:3`, and
 * test runners that import by themselves leave the plain path.
 */
export function placeInStack(stack: string, root: string): SourcePlace | undefined {
  for (const [, place = '', line] of stack.matchAll(/((?:file:\/\/)?\/[^\s()]+?):(\d+)(?=[:)\s]|$)/g)) {
    const file = place.startsWith('file:') ? fileURLToPath(place) : place
    if (file.startsWith(root + sep) && !file.includes(`${sep}node_modules${sep}`)) return { file, line: Number(line) }
  }
  return undefined
}

/** Node does not say where a syntax error of imported JavaScript is; its own check of the file does. */
function placeOfSyntaxError(file: string): SourcePlace | undefined {
  if (extname(file) !== '.js') return undefined
  const checked = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  const line = /^.*:(\d+)$/m.exec(checked.stderr)?.[1]
  return checked.status === 0 || line === undefined ? undefined : { file, line: Number(line) }
}

async function importLine(message: string, importer: string): Promise<number | undefined> {
  const missing = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1] ?? ''
  const lines = (await readFile(importer, 'utf8').catch(() => '')).split('\n')
  const index = lines.findIndex((line) => line.includes(basename(missing)) && /\b(?:import|from)\b/.test(line))
  return index < 0 ? undefined : index + 1
}
