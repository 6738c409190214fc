import { SluiceError } from '../../errors.ts'
import type { FileIdentity } from '../../model/manifest.ts'
import type { FoundFile } from './file-store.ts'

const second = 1_000_000_000n

/** UTC, ISO 8601, with as many digits of the second as it has. */
export function modifiedText(ns: bigint): string {
  const fraction = ((ns % second) + second) % second
  const whole = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, 19)
  const digits = String(fraction).padStart(9, '0').replace(/0+$/, '')
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`
}

/** A file as it is remembered. */
export function identityOf({ id, bytes, modifiedNs }: FoundFile, sha256: string, sameAs?: string): FileIdentity {
  return { path: id, bytes, modifiedAt: modifiedText(modifiedNs), sha256, ...(sameAs !== undefined && { sameAs }) }
}

/** `1 byte`, `120 bytes`. */
export function bytesText(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`
}

/** A file that lies there with another content than the one that was loaded. */
export function fileChanged(file: FoundFile, known: FileIdentity): SluiceError {
  const was = `${bytesText(known.bytes)}, modified ${known.modifiedAt}`
  const is = `${bytesText(file.bytes)}, modified ${modifiedText(file.modifiedNs)}`
  return new SluiceError('FILE_CHANGED', `${file.id} was loaded before (${was}) and has another content now (${is}).`, {
    hint: "Have it delivered under a new name, or set `changed: 'read'` or `changed: 'ignore'` in the extract script.",
    details: { file: file.id },
  })
}

/** A file that is not, at its end, the one that was listed. */
export function changedWhileRead({ id }: FoundFile): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${id} changed while it was read.`, {
    hint: 'Run it again when the file is complete; have files written under another name and renamed when they are.',
    details: { file: id },
  })
}
