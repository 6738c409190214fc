import { asSluiceError } from '../errors.ts'
import { customConnection } from './custom-adapter.ts'
import { openPart, type ReadProject } from './open-context.ts'
import type { Redactor } from './redactor.ts'

/** Whether one part of a project works. */
export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
  /** What clears a failure; empty when there is none. */
  readonly hint: string
  /** 0 when it works. */
  readonly exitCode: number
  /** What people should know although it works, each a sentence. */
  readonly notes: readonly string[]
}

interface Checkable {
  check(): Promise<unknown>
  close(): Promise<void>
}

/** Opens each part of the project and asks it; a part that fails does not keep the others from being asked. */
export async function checkProject(project: ReadProject): Promise<readonly CheckResult[]> {
  const { config, scripts } = project
  const result = (name: string, work: () => Promise<readonly string[]>) => outcome(name, work, project.redactor)
  const results: CheckResult[] = [
    { name: 'project file and scripts', ok: true, message: `${scripts.length} scripts`, hint: '', exitCode: 0, notes: [] },
    await result('control store', async () => {
      const control = await openPart(project, config.control, 'the control store')
      await control.migrate().finally(() => control.close())
      return []
    }),
    await result('lake', () => checked(openPart(project, config.lake, 'the lake'))),
    await result('warehouse', () => checked(openPart(project, config.warehouse, 'the warehouse'))),
  ]
  for (const [name, source] of config.sources) {
    if (name === customConnection) continue
    results.push(await result(`source ${name}`, () => checked(openPart(project, source, `the connection ${name}`))))
  }
  return results
}

async function checked(opening: Promise<Checkable>): Promise<readonly string[]> {
  const part = await opening
  const notes = await part.check().finally(() => part.close())
  return Array.isArray(notes) ? notes : []
}

async function outcome(name: string, work: () => Promise<readonly string[]>, { redact }: Redactor): Promise<CheckResult> {
  try {
    const notes = await work()
    return { name, ok: true, message: 'works', hint: '', exitCode: 0, notes: notes.map(redact) }
  } catch (cause) {
    const { message, hint, exitCode } = asSluiceError(cause)
    return { name, ok: false, message: redact(message), hint: redact(hint), exitCode, notes: [] }
  }
}
