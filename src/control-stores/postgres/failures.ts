import { type ErrorCode, isSluiceError, SluiceError } from '../../errors.ts'
import type { Login } from './login.ts'

/** After these the same transaction, begun again, can succeed. */
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01'])

/** Classes and codes of SQLSTATE that time can clear: connection, resources, operator, conflict, lock not available, read-only standby. */
const passing = /^(08|53|57P|40|57014|55P03|25P0|25006)/

/** Whether the server refused to keep two transactions apart. */
export function isConflict(error: unknown): boolean {
  return isSluiceError(error) && conflicts.has(stateOf(error.cause))
}

/** Whether the session may go on after the error. */
export function isAnswer(cause: unknown): boolean {
  const state = stateOf(cause)
  return state !== '' && !/^(08|57P|25P03)/.test(state)
}

/** What the driver or the server says, in our words: only what time can clear may be tried again. */
export function translatePostgresError(cause: unknown, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const said = sayingOf(cause)
  const state = stateOf(cause)
  if (state !== '') return refused(state, said, login, cause)
  if (/SASL|password must be a string/i.test(said)) return loginRefused(login, cause)
  if (/does not support SSL|certificate|self.signed|tls|ssl/i.test(said)) {
    const what = `offers no connection that can be trusted: ${said}`
    return failure('CONFIG_INVALID', login, what, "Correct sslmode and sslrootcert in the control store's url.", cause)
  }
  const what = `could not be reached, or was lost: ${said}`
  return failure('CONTROL_FAILED', login, what, 'Check host, port and firewall, and whether the server runs.', cause)
}

function refused(state: string, said: string, login: Login, cause: unknown): SluiceError {
  if (state.startsWith('28')) return loginRefused(login, cause)
  if (state === '3D000') {
    const what = `has no database ${login.database}`
    return failure('CONFIG_INVALID', login, what, `Create it: CREATE DATABASE "${login.database}"`, cause)
  }
  if (state === '42501') return failure('CONFIG_INVALID', login, `refused: ${said}`, grantFor(said, login), cause)
  if (passing.test(state)) {
    const hint = 'Run it again; if it stays so, ask the operator of the server.'
    return failure('CONTROL_FAILED', login, `did not do its work in time: ${said}`, hint, cause)
  }
  return failure('INTERNAL', login, `refused a statement: ${said}`, 'Report it with the log of this run.', cause)
}

/** The statement that gives the right which is missing. */
function grantFor(said: string, { database, schema, user }: Login): string {
  if (said.includes('for database')) {
    return `Have an owner run: CREATE SCHEMA "${schema}" AUTHORIZATION "${user}"; or: GRANT CREATE ON DATABASE "${database}" TO "${user}"`
  }
  if (said.includes('for schema')) return `Have the owner run: GRANT USAGE, CREATE ON SCHEMA "${schema}" TO "${user}"`
  if (said.includes('must be owner')) return 'Let the owner of its tables upgrade it, with this version of Sluice: sluice check'
  const rights = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${user}"`
  return `Have the owner run: ${rights}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA "${schema}" TO "${user}"`
}

function loginRefused(login: Login, cause: unknown): SluiceError {
  const hint = "Correct user and password in the control store's url, or have pg_hba.conf let this host in."
  return failure('CONFIG_INVALID', login, `refused the login of ${login.user}`, hint, cause)
}

function failure(code: ErrorCode, { name, host, port }: Login, what: string, hint: string, cause: unknown): SluiceError {
  return new SluiceError(code, `The control store ${name} ${what}.`, { hint, details: { host, port }, cause })
}

/** Empty when the error is not the server's. */
function stateOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]/.test(code) ? code : ''
}

function sayingOf(cause: unknown): string {
  // An attempt at several addresses fails with all their errors.
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause
  return (first instanceof Error ? first.message : String(first)).trim().replace(/\.$/, '')
}
