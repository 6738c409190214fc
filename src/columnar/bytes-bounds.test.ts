import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BytesBounds } from './bytes-bounds.ts'

function boundsOf(values: readonly Uint8Array[], isText = false) {
  const bounds = new BytesBounds(isText)
  for (const value of values) bounds.add(Buffer.concat([Buffer.from('<'), value, Buffer.from('>')]), 1, value.length)
  return bounds.take()
}

const prefix = '#'.repeat(63)
const long = fc
  .tuple(fc.constantFrom('', prefix, `${prefix}é`, `${prefix}\u{d7ff}`), fc.string({ unit: 'binary', maxLength: 70 }))
  .map(([start, end]) => Buffer.from(start + end))
const bytes = fc
  .tuple(fc.constantFrom([], new Array(64).fill(255), new Array(63).fill(35)), fc.uint8Array({ maxLength: 70 }))
  .map(([start, end]) => Buffer.concat([Uint8Array.from(start), end]))

test.each([
  ['text', true, long],
  ['binary', false, bytes],
] as const)('no value of %s is beyond the bounds, and bounds said to be exact are values', (_name, isText, values) => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 8 }), (list) => {
      const found = boundsOf(list, isText)
      const sorted = [...list].sort(Buffer.compare)
      const [least, greatest] = [sorted[0] ?? Buffer.of(), sorted.at(-1) ?? Buffer.of()]
      if (found === undefined) throw new Error('no bounds')
      const min = Buffer.from(found.min)
      expect(found.isMinExact).toBe(min.equals(least))
      expect(Buffer.compare(min, least)).toBeLessThanOrEqual(0)
      expect(min.length).toBeLessThanOrEqual(64)
      if (isText) expect(Buffer.from(min.toString('utf8'))).toEqual(min)
      if (found.max === undefined) return
      const max = Buffer.from(found.max)
      expect(found.isMaxExact).toBe(max.equals(greatest))
      expect(Buffer.compare(max, greatest)).toBeGreaterThanOrEqual(0)
      expect(max.length).toBeLessThanOrEqual(65)
      if (isText) expect(Buffer.from(max.toString('utf8'))).toEqual(max)
    }),
    { numRuns: 2000 },
  )
})

test('a greatest value with nothing above it has no upper bound', () => {
  expect(boundsOf([Buffer.alloc(65, 255)])).toMatchObject({ max: undefined, isMaxExact: false })
  expect(boundsOf([Buffer.from('\u{10ffff}'.repeat(17))], true)).toMatchObject({ max: undefined })
  expect(boundsOf([Buffer.alloc(64, 255)])).toMatchObject({ isMaxExact: true })
})

test('taking starts anew, also after an empty text', () => {
  const bounds = new BytesBounds(true)
  bounds.add(Buffer.from('z'), 0, 1)
  bounds.take()
  expect(bounds.take()).toBeUndefined()
  bounds.add(Buffer.from('z'), 0, 0)
  bounds.add(Buffer.from('b'), 0, 1)
  expect(bounds.take()).toMatchObject({ min: Uint8Array.of(), max: Uint8Array.of(98) })
})
