/** What a value of a project file or a script is. */
export type DefinitionKind =
  | 'check'
  | 'column'
  | 'computed column'
  | 'control store'
  | 'env'
  | 'extract'
  | 'format'
  | 'lake'
  | 'load'
  | 'load column'
  | 'lookup'
  | 'project'
  | 'resource'
  | 'secret'
  | 'source'
  | 'warehouse'

/** Recognised by a registered symbol: a global command line and a project's own package are two copies of each class. */
export const definition = Symbol.for('sluice-etl.definition')

/** Everything that a project file or script makes: plain data that says what it is. */
export interface Definition<Kind extends DefinitionKind = DefinitionKind> {
  readonly [definition]: Kind
}

/** What kind of definition a value is; undefined when it is none. */
export function kindOf(value: unknown): DefinitionKind | undefined {
  if (typeof value !== 'object' || value === null || !(definition in value)) return undefined
  return (value as Definition)[definition]
}

/** Whether a value is a definition of this kind, whichever copy of the package made it. */
export function isDefinition<D extends Definition>(value: unknown, kind: D[typeof definition]): value is D {
  return kindOf(value) === kind
}
