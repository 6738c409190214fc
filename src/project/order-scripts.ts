import { SluiceError } from '../errors.ts'
import type { Script, ScriptId } from '../model/script.ts'

/** The scripts with what each depends on before it, else in the order given. SCRIPT_INVALID when they depend on each other in a circle. */
export function orderScripts(scripts: readonly Script[]): readonly Script[] {
  const waiting = new Map(scripts.map((script) => [script.id, script]))
  const ordered: Script[] = []
  while (waiting.size > 0) {
    const next = [...waiting.values()].find(({ dependsOn }) => !dependsOn.some((id) => waiting.has(id)))
    if (!next) throw circular(waiting)
    waiting.delete(next.id)
    ordered.push(next)
  }
  return ordered
}

function circular(waiting: ReadonlyMap<ScriptId, Script>): SluiceError {
  const way: ScriptId[] = []
  let next = [...waiting.keys()][0]
  while (next !== undefined && !way.includes(next)) {
    way.push(next)
    next = waiting.get(next)?.dependsOn.find((id) => waiting.has(id))
  }
  const circle = [...way.slice(next === undefined ? 0 : way.indexOf(next)), ...(next === undefined ? [] : [next])]
  return new SluiceError('SCRIPT_INVALID', `Scripts depend on each other in a circle: ${circle.join(' → ')}.`, {
    hint: 'Take one of the tables out of its SELECT, or one name out of its line -- depends.',
    details: { scripts: circle },
  })
}
