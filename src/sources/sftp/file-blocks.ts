import type { SftpConnection } from './connection.ts'

/**
 * What one request asks for, and how many are on their way: so much fills the 2 MiB window of a connection, also with a
 * server that answers 32 KiB at most.
 */
const blockBytes = 128 * 1024
const blocksAhead = 32

/** The first `bytes` bytes of an open file, in order; fewer when the file ends before. The reader may keep what it gets. */
export async function* fileBlocks(
  connection: SftpConnection,
  handle: Buffer,
  bytes: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  const ahead: Promise<Buffer>[] = []
  for (let asked = 0, received = 0; received < bytes; ) {
    for (; ahead.length < blocksAhead && asked < bytes; asked += blockBytes) {
      const block = readBlock(connection, handle, asked, Math.min(blockBytes, bytes - asked), what)
      // Whoever waits for an earlier block learns of the failure there.
      block.catch(() => {})
      ahead.push(block)
    }
    const block = await ahead.shift()
    if (block === undefined || block.length === 0) return
    received += block.length
    yield block
  }
}

/** A server may answer with fewer bytes than were asked for; only none at all is the end. */
async function readBlock(connection: SftpConnection, handle: Buffer, from: number, bytes: number, what: string): Promise<Buffer> {
  const block = Buffer.allocUnsafeSlow(bytes)
  let filled = 0
  while (filled < bytes) {
    const read = await connection.read(handle, block.subarray(filled), from + filled, what)
    if (read === 0) break
    filled += read
  }
  return block.subarray(0, filled)
}
