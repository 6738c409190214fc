import { randomFillSync } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'
import { PageCompressor } from './page-compressor.ts'

/** Pages of all sizes, some of which cannot be made smaller. */
function pages(): Buffer[] {
  const sizes = [0, 1, 100, 4096, 131_071, 131_072, 131_073, 700_000, 1 << 20]
  return sizes.flatMap((size) => [Buffer.alloc(size, 'abc'), randomFillSync(Buffer.alloc(size))])
}

test('many pages at once come out as they went in, also from buffers that were used before', async () => {
  const pool = new BufferPool()
  const compressor = new PageCompressor(1, pool)
  for (let round = 0; round < 3; round++) {
    const frames = await Promise.all(pages().map(async (page) => ({ page, frame: await compressor.compress(page) })))
    for (const { page, frame } of frames) {
      expect(zstdDecompressSync(frame).equals(page)).toBe(true)
      pool.give(frame.fill(0))
    }
  }
  compressor.close()
})

test('ready waits while more than 8 MB are in work', async () => {
  const compressor = new PageCompressor(1, new BufferPool())
  const page = randomFillSync(Buffer.alloc(3 << 20))
  await compressor.ready()
  const done: string[] = []
  const work = [1, 2, 3].map(() => compressor.compress(page).then(() => done.push('page')))
  await compressor.ready()
  done.push('ready')
  await Promise.all(work)
  expect(done.indexOf('ready')).toBeGreaterThan(0)
  compressor.close()
})
