import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SluiceError } from '../../errors.ts'

/** NFS, SMB, CIFS, SMB2, AFS, Ceph and Lustre, by the type that statfs reports. */
const networkTypes: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x0bd00bd0])

/** CONFIG_INVALID when the file would lie on a network file system, where SQLite's locks cannot be trusted. */
export function refuseNetworkFileSystem(path: string): void {
  const folderType = () => readOr(0, () => statfsSync(dirname(path)).type)
  if (!isNetworkType(readOr(undefined, () => statfsSync(path).type) ?? folderType())) return
  throw new SluiceError('CONFIG_INVALID', `The control store ${path} lies on a network file system.`, {
    hint: 'Put the control store on a local disk.',
  })
}

/** Some platforms report the type as a signed number. */
export function isNetworkType(type: number): boolean {
  return networkTypes.has(type >>> 0)
}

function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
