import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

/** Which files of a project import which: read from their text, so that it is known before anything is imported. */
export class ModuleGraph {
  readonly #root: string
  readonly #files = new Map<string, Promise<ProjectFile>>()

  constructor(root: string) {
    this.#root = root
  }

  /** The file and what it imports inside the project, directly or not; sorted, as absolute paths. */
  async reachable(file: string): Promise<readonly string[]> {
    const seen = new Set<string>([file])
    for (const next of seen) for (const imported of (await this.#read(next)).imports) seen.add(imported)
    return [...seen].sort()
  }

  /** SHA-256 over the file and what it imports inside the project, hexadecimal: names relative to the project, and bytes. */
  async contentHash(file: string): Promise<string> {
    const hash = createHash('sha256')
    for (const path of await this.reachable(file)) {
      const { bytes } = await this.#read(path)
      hash.update(`${relative(this.#root, path).split(sep).join('/')}\0${bytes.byteLength}\0`)
      hash.update(bytes)
    }
    return hash.digest('hex')
  }

  /** The way from a file over its imports back to itself, both ends included; undefined when there is none. */
  async circle(file: string): Promise<readonly string[] | undefined> {
    const ways: (readonly string[])[] = [[file]]
    const seen = new Set<string>()
    for (const way of ways) {
      for (const imported of (await this.#read(way.at(-1) ?? file)).imports) {
        if (imported === file) return [...way, file]
        if (seen.has(imported)) continue
        seen.add(imported)
        ways.push([...way, imported])
      }
    }
    return undefined
  }

  #read(file: string): Promise<ProjectFile> {
    const known = this.#files.get(file) ?? readProjectFile(file, this.#root)
    this.#files.set(file, known)
    return known
  }
}

interface ProjectFile {
  readonly bytes: Uint8Array
  /** Absolute paths of the files inside the project that exist. */
  readonly imports: readonly string[]
}

async function readProjectFile(file: string, root: string): Promise<ProjectFile> {
  const bytes = await readFile(file)
  const paths = importedPaths(bytes.toString('utf8')).map((path) => join(dirname(file), path))
  const imports: string[] = []
  for (const path of new Set(paths)) {
    // What is not there fails when the script is imported, with Node's own words.
    if (path.startsWith(root + sep) && (await stat(path).catch(() => undefined))?.isFile()) imports.push(path)
  }
  return { bytes, imports }
}

/** The relative paths that a module imports or exports from; types alone do not count, they are gone when it runs. */
export function importedPaths(text: string): readonly string[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, (match) =>
    /^[/`]/.test(match) ? ' ' : match,
  )
  const statements =
    /\b(?:import|export)(?!\s+type\s+(?!from\b))\s*(?:\(\s*|[\w$*{][^'"`;()]*?\bfrom\s*)?(['"])(\.{1,2}\/[^'"\n]+)\1/g
  return [...bare.matchAll(statements)].map((match) => match[2] ?? '')
}
