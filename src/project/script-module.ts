import { SluiceError } from '../errors.ts'
import type { ScriptHead } from '../model/script.ts'
import { type Definition, isDefinition } from './definition.ts'
import { importModule } from './import-module.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { ScriptFile } from './script-files.ts'

/** What a script's file exports as its default. SCRIPT_INVALID when it cannot be imported or exports something else. */
export async function definitionOf<D extends Definition>(root: string, file: ScriptFile, graph: ModuleGraph): Promise<D> {
  const reachable = await graph.reachable(file.path)
  const { default: definition } = await importModule({ root, file: file.path, code: 'SCRIPT_INVALID', reachable })
  if (isDefinition<Definition>(definition, file.kind === 'load' ? 'load' : 'extract')) return definition as D
  throw new SluiceError('SCRIPT_INVALID', `${file.shown} has no ${file.kind}(…) as its default export.`, {
    hint: `Write export default ${file.kind}(…) in ${file.shown}, or move the file out of its folder.`,
    details: { file: file.shown },
  })
}

/** SCRIPT_INVALID when another file exported the same script before. */
export function refuseTwin({ shown }: ScriptFile, other: string | undefined): void {
  if (other === undefined) return
  throw new SluiceError('SCRIPT_INVALID', `${shown} exports the script ${other} again; a script belongs to one file.`, {
    hint: `Call extract(…) or load(…) anew in ${shown}.`,
    details: { file: shown },
  })
}

/** What every script has, of this file; it depends on nothing yet. */
export function scriptHead(
  { id, name }: ScriptFile,
  contentHash: string,
  described: Pick<ScriptHead, 'description' | 'frequency' | 'owner'>,
): ScriptHead {
  return { id, name, ...described, contentHash, dependsOn: [] }
}
