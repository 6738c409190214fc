import { resolve } from 'node:path'
import type { MovedTable } from '../control-stores/move.ts'
import { SluiceError } from '../errors.ts'
import { settingText } from './environment.ts'
import type { ReadProject } from './open-context.ts'
import { learnPassword } from './postgres-control-adapter.ts'
import { redactedError } from './redactor.ts'
import type { Setting } from './setting.ts'

/** Where a control store is to go: a Postgres url as it is, and a schema. */
export interface MoveTarget {
  readonly url: string
  readonly schema?: string
}

/**
 * Moves the project's SQLite control store into an empty schema of Postgres; then it refuses to be used, and the project file
 * must name the new one. USAGE when the project's store is no SQLite file; else as the stores say, without secrets.
 */
export async function moveControlStore(
  { root, config, environment, redactor }: ReadProject,
  target: MoveTarget,
): Promise<readonly MovedTable[]> {
  const { type, options } = config.control
  if (type !== 'sqlite') {
    throw new SluiceError('USAGE', `The project's control store is of the type ${type}; only a SQLite file can be moved.`, {
      hint: 'Move from a project file that says control: sqliteControl(…).',
    })
  }
  learnPassword(redactor, target.url)
  // The schema of the options says that they are these.
  const { path } = options as { readonly path: Setting }
  const file = resolve(root, settingText(path, `the option 'path' of the control store (sqlite)`, environment))
  const { moveControl } = await import('../control-stores/move.ts')
  return moveControl(file, target).catch((error: unknown) => {
    throw redactedError(error, redactor.redact)
  })
}
