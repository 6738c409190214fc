import { SluiceError } from '../../errors.ts'

/** What DuckDB or the file system said, as one of our failures; ours stay as they are. */
export function translateDuckdbError(what: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause
  // Behind the first line DuckDB quotes the statement.
  const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const { code, hint } = kinds.find(({ pattern }) => pattern.test(reason)) ?? refused
  return new SluiceError(code, `${what}: ${reason}`, { hint, cause })
}

const kinds = [
  {
    pattern: /^TransactionContext Error: (Failed to commit: )?(Transaction conflict|Catalog write-write conflict|Conflict on)/,
    code: 'TARGET_CONFLICT',
    hint: 'Run the same command again: another transaction wrote the same table first.',
  },
  {
    pattern: /No space left on device|Disk quota exceeded|max_temp_directory_size/,
    code: 'LOCAL_IO',
    hint: 'Free space on the disk of the warehouse file, then run the same command again.',
  },
  {
    pattern: /Permission denied|Operation not permitted|Read-only file system|read-only mode/,
    code: 'LOCAL_IO',
    hint: 'Give this user the right to write the warehouse file and its folder, then run the same command again.',
  },
  {
    pattern: /^Out of Memory Error/,
    code: 'TARGET_FAILED',
    hint: 'Set a greater memoryLimit for the warehouse in the project file, then run the same command again.',
  },
  {
    pattern: /^FATAL Error|database has been invalidated/,
    code: 'TARGET_FAILED',
    hint: 'Run the same command again: DuckDB recovers the file when it is opened the next time.',
  },
  {
    pattern: /^Binder Error: Ambiguous reference to catalog or schema/,
    code: 'CONFIG_INVALID',
    hint: 'Give the warehouse file another name than its schemas have, or name the schemas in project({ schemas }).',
  },
] as const

const refused = {
  code: 'TARGET_FAILED',
  hint: 'Correct what DuckDB names, then run the same command again; nothing of this transaction was kept.',
} as const
