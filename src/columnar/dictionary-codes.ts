import type { BufferPool } from './buffer-pool.ts'
import { varint } from './definition-levels.ts'
import type { EncodedValues } from './value-encoder.ts'

/** Whether a dictionary of `entries` is worth its place after `values` values. */
export function pays(entries: number, values: number): boolean {
  return entries <= 256 || entries * 3 <= values
}

/** Encodes dictionary codes below `entries` as a page: the width of a code, then one run of them. */
export function encodeCodes(pool: BufferPool, start: number, codes: Int32Array, count: number, entries: number): EncodedValues {
  const width = Math.max(1, 32 - Math.clz32(entries - 1))
  const buffer = pool.take(start + 8 + ((count + 7) >> 3) * width)
  buffer[start] = width
  const isRepeated = isOneValue(codes, count)
  const end = isRepeated
    ? writeRepeated(buffer, start + 1, codes[0] ?? 0, count, width)
    : writePacked(buffer, start + 1, codes, count, width)
  return { buffer, start, end, isDictionary: true }
}

function isOneValue(codes: Int32Array, count: number): boolean {
  for (let index = 1; index < count; index++) if (codes[index] !== codes[0]) return false
  return true
}

function writeRepeated(buffer: Buffer, start: number, code: number, count: number, width: number): number {
  if (count === 0) return start
  const run = varint(count * 2)
  buffer.set(run, start)
  return buffer.writeUIntLE(code, start + run.length, (width + 7) >> 3)
}

function writePacked(buffer: Buffer, start: number, codes: Int32Array, count: number, width: number): number {
  const groups = (count + 7) >> 3
  const run = varint(groups * 2 + 1)
  buffer.set(run, start)
  let at = start + run.length
  const end = at + groups * width
  let bits = 0
  let used = 0
  for (let index = 0; index < count; index++) {
    bits |= (codes[index] as number) << used
    used += width
    while (used >= 8) {
      buffer[at++] = bits & 255
      bits >>>= 8
      used -= 8
    }
  }
  if (used > 0) buffer[at++] = bits & 255
  buffer.fill(0, at, end)
  return end
}
