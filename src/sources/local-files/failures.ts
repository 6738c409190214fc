import { type ErrorDetails, isSluiceError, SluiceError } from '../../errors.ts'

/** The code that an error of the file system stands for; `what` is how the message begins. */
export function translated(cause: unknown, what: string, details: ErrorDetails): SluiceError {
  if (isSluiceError(cause)) return cause
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new SluiceError('FILE_NOT_FOUND', `${what} is not there${code === 'ENOTDIR' ? ', or is no folder' : ''}.`, {
      hint: 'Correct the folder in the project file, or have the file delivered again.',
      details,
      cause,
    })
  }
  const message = cause instanceof Error ? cause.message : String(cause)
  const isRefused = code === 'EACCES' || code === 'EPERM'
  return new SluiceError('LOCAL_IO', `${what} cannot be read: ${message}.`, {
    hint: isRefused ? 'Grant the right to read the file and its folder.' : 'Look at the disk or the network drive of the folder.',
    details,
    cause,
  })
}
