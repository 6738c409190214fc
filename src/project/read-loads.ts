import { SluiceError } from '../errors.ts'
import type { ExtractScript, LoadScript } from '../model/script.ts'
import type { CheckedExtract } from './check-extract.ts'
import { checkLoad } from './check-load.ts'
import {
  checkDeclaration,
  type LookedUp,
  loadColumnDeclarations,
  lookupDeclaration,
  lookupsIn,
  writeDisposition,
} from './load-declarations.ts'
import type { LoadDefinition } from './load-definition.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { ScriptFile } from './script-files.ts'
import { definitionOf, refuseTwin, scriptHead } from './script-module.ts'

/** An extraction, and what its loads have to know of it. */
export interface ReadExtract {
  readonly script: ExtractScript
  readonly checked: CheckedExtract
}

interface LoadFile {
  readonly file: ScriptFile
  readonly contentHash: string
}

interface ReadLoad {
  readonly script: LoadScript
  readonly lookedUp: LookedUp
}

/**
 * Imports these files; which load belongs to which extraction and looks up which load is told by the identity of what the
 * files export. Throws what is wrong with the first of them that something is wrong with.
 */
export async function readLoads(
  root: string,
  graph: ModuleGraph,
  files: readonly ScriptFile[],
  extracts: ReadonlyMap<object, ReadExtract>,
): Promise<readonly LoadScript[]> {
  const loads = new Map<object, LoadFile>()
  for (const file of files) {
    const definition = await definitionOf<LoadDefinition>(root, file, graph)
    refuseTwin(file, loads.get(definition)?.file.id)
    loads.set(definition, { file, contentHash: await graph.contentHash(file.path) })
  }
  const read = new Map<object, ReadLoad>()
  // A load can only look up one that was made before it, so this comes to an end.
  const readOne = (definition: LoadDefinition, of: LoadFile): ReadLoad => {
    const known = read.get(definition)
    if (known) return known
    const load = readLoad(of, definition, extracts.get(definition.extract), (dimension) => {
      const file = loads.get(dimension)
      return file && readOne(dimension as LoadDefinition, file).lookedUp
    })
    read.set(definition, load)
    return load
  }
  return [...loads].map(([definition, file]) => readOne(definition as LoadDefinition, file).script)
}

type DimensionOf = (dimension: object) => LookedUp | undefined

function readLoad(
  { file, contentHash }: LoadFile,
  definition: LoadDefinition,
  extract: ReadExtract | undefined,
  dimensionOf: DimensionOf,
): ReadLoad {
  if (!extract) {
    throw new SluiceError('SCRIPT_INVALID', `${file.shown} loads an extraction that is no script of this project.`, {
      hint: 'Export it as the default of a file under extract/ and import it from there, spelt as on disk.',
      details: { file: file.shown },
    })
  }
  const { id, frequency } = extract.script
  const { columns: extracted } = extract.checked
  const load = checkLoad(file.shown, definition, { id, columns: extracted, reads: readsOf(extract.checked) }, dimensionOf)
  const { into, columns, write } = load
  const lookups = lookupsIn(columns ?? {}).flatMap(([name, lookup]) => {
    const dimension = dimensionOf(lookup.dimension)
    return dimension ? [lookupDeclaration(name, lookup, dimension)] : []
  })
  const described = { description: load.description ?? `Loads ${id} into ${into}`, owner: load.owner }
  return {
    lookedUp: { id: file.id, into, write, columns: columns ?? extracted },
    script: {
      ...scriptHead(file, contentHash, { ...described, frequency: load.frequency ?? frequency }),
      kind: 'load',
      dependsOn: [...new Set([id, ...lookups.map(({ dimension }) => dimension)])],
      extract: id,
      into,
      columns: columns && loadColumnDeclarations(columns),
      lookups,
      write: writeDisposition(write),
      checks: (load.checks ?? []).map(checkDeclaration),
      rejectLimit: load.rejectLimit ?? 0,
    },
  }
}

function readsOf({ cursor, resource }: ReadExtract['checked']): 'all' | 'new' | 'overlap' {
  if (cursor) return cursor.overlap === undefined ? 'new' : 'overlap'
  // A source of files that passes over those that it has read before.
  return resource['select'] === 'new' ? 'new' : 'all'
}
