import { relative, sep } from 'node:path'
import { SluiceError } from '../errors.ts'
import type { ExtractScript, LoadScript, ScriptHead } from '../model/script.ts'
import { type CheckedExtract, checkExtract } from './check-extract.ts'
import { checkLoad } from './check-load.ts'
import { declaredColumns } from './declared-columns.ts'
import { type Definition, isDefinition } from './definition.ts'
import type { ExtractDefinition } from './extract-definition.ts'
import { importModule } from './import-module.ts'
import type { LoadDefinition } from './load-definition.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { Config } from './read-config.ts'
import { type ScriptFile, scriptFiles } from './script-files.ts'

/** An extraction, and what its loads have to know of it. */
interface ReadExtract {
  readonly script: ExtractScript
  readonly checked: CheckedExtract
}

/**
 * Imports the scripts under `extract/` and `load/`, each once; which load belongs to which extraction is told by the
 * identity of what the files export. Throws what is wrong with the first file that something is wrong with.
 */
export async function readScripts(
  root: string,
  graph: ModuleGraph,
  config: Config,
): Promise<readonly (ExtractScript | LoadScript)[]> {
  const [extracts, loads] = [await scriptFiles(root, 'extract'), await scriptFiles(root, 'load')]
  for (const file of [...extracts, ...loads]) await refuseCircle(root, file, graph)
  const read = new Map<object, ReadExtract>()
  const scripts: (ExtractScript | LoadScript)[] = []
  for (const file of extracts) {
    const definition = await definitionOf<ExtractDefinition>(root, file, graph)
    refuseTwin(file, read.get(definition)?.script.id)
    const extract = readExtract(file, definition, config, await graph.contentHash(file.path))
    read.set(definition, extract)
    scripts.push(extract.script)
  }
  const seen = new Map<object, string>()
  for (const file of loads) {
    const definition = await definitionOf<LoadDefinition>(root, file, graph)
    refuseTwin(file, seen.get(definition))
    seen.set(definition, file.id)
    scripts.push(readLoad(file, definition, read.get(definition.extract), await graph.contentHash(file.path)))
  }
  return scripts
}

async function definitionOf<D extends Definition>(root: string, file: ScriptFile, graph: ModuleGraph): Promise<D> {
  const reachable = await graph.reachable(file.path)
  const { default: definition } = await importModule({ root, file: file.path, code: 'SCRIPT_INVALID', reachable })
  if (isDefinition<Definition>(definition, file.kind === 'load' ? 'load' : 'extract')) return definition as D
  throw new SluiceError('SCRIPT_INVALID', `${file.shown} has no ${file.kind}(…) as its default export.`, {
    hint: `Write export default ${file.kind}(…) in ${file.shown}, or move the file out of its folder.`,
    details: { file: file.shown },
  })
}

function readExtract(file: ScriptFile, definition: ExtractDefinition, config: Config, contentHash: string): ReadExtract {
  const { resource } = definition
  const source = isDefinition(resource, 'resource') ? config.sourceName(resource.source) : undefined
  const adapter = source === undefined ? undefined : config.sources.get(source)?.adapter
  if (source === undefined || !adapter) {
    throw new SluiceError('SCRIPT_INVALID', `${file.shown} reads no resource of a connection that the project file exports.`, {
      hint: 'Export the connection from sluice.config.ts, import it from there and pass what its table(), newest() or all() gives.',
      details: { file: file.shown },
    })
  }
  const extract = checkExtract(file.shown, definition, adapter)
  const { description, frequency = 'daily', owner, cursor } = extract
  return {
    checked: extract,
    script: {
      ...head(file, contentHash, { description, frequency, owner }),
      kind: 'extract',
      resource: {
        source,
        locator: resource.locator,
        options: extract.resource,
        columns: extract.columns && declaredColumns(extract.columns),
      },
      cursor,
    },
  }
}

function readLoad(
  file: ScriptFile,
  definition: LoadDefinition,
  extract: ReadExtract | undefined,
  contentHash: string,
): LoadScript {
  if (!extract) {
    throw new SluiceError('SCRIPT_INVALID', `${file.shown} loads an extraction that is no script of this project.`, {
      hint: 'Export it as the default of a file under extract/ and import it from there, spelt as on disk.',
      details: { file: file.shown },
    })
  }
  const { id, frequency } = extract.script
  const { columns, cursor } = extract.checked
  const load = checkLoad(file.shown, definition, { id, columns, hasOverlap: cursor?.overlap !== undefined })
  const description = load.description ?? `Loads ${id} into ${load.into}`
  return {
    ...head(file, contentHash, { description, frequency: load.frequency ?? frequency, owner: load.owner }),
    kind: 'load',
    dependsOn: [id],
    extract: id,
    into: load.into,
    columns:
      load.columns &&
      declaredColumns(load.columns).map((column) => ({ ...column, computed: undefined, default: undefined, mask: undefined })),
    lookups: [],
    write: { key: [], newest: undefined, surrogateKey: undefined, allowEmpty: false, ...load.write },
    checks: [],
    rejectLimit: load.rejectLimit ?? 0,
  }
}

function head(
  { id, name }: ScriptFile,
  contentHash: string,
  described: Pick<ScriptHead, 'description' | 'frequency' | 'owner'>,
): ScriptHead {
  return { id, name, ...described, contentHash, dependsOn: [] }
}

function refuseTwin({ shown }: ScriptFile, other: string | undefined): void {
  if (other === undefined) return
  throw new SluiceError('SCRIPT_INVALID', `${shown} exports the script ${other} again; a script belongs to one file.`, {
    hint: `Call extract(…) or load(…) anew in ${shown}.`,
    details: { file: shown },
  })
}

async function refuseCircle(root: string, { path }: ScriptFile, graph: ModuleGraph): Promise<void> {
  const circle = await graph.circle(path)
  if (!circle) return
  const names = circle.map((file) => relative(root, file).split(sep).join('/'))
  throw new SluiceError('SCRIPT_INVALID', `Scripts import each other in a circle: ${names.join(' → ')}.`, {
    hint: `Take one of the imports out, such as that of ${names.at(-1)} in ${names.at(-2)}.`,
    details: { files: names },
  })
}
