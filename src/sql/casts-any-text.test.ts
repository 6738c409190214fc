import fc from 'fast-check'
import { expect, test } from 'vitest'
import { castAll } from '../../test/cast-texts.ts'
import { simpleKinds } from '../model/column-type.ts'

/** The canonical text of a text as a decimal, worked out digit by digit; undefined when it is none of this type. */
function modelDecimal(text: string, precision: number, scale: number): string | undefined {
  const unsigned = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text
  const [whole = '', fraction = '', ...more] = unsigned.split('.')
  const digits = [...whole, ...fraction]
  if (more.length > 0 || digits.length === 0 || digits.some((digit) => digit < '0' || digit > '9')) return undefined
  const padded = fraction.padEnd(scale, '0')
  if ([...padded.slice(scale)].some((digit) => digit !== '0')) return undefined
  const unscaled = BigInt(whole + padded.slice(0, scale) || '0')
  if (unscaled >= 10n ** BigInt(precision)) return undefined
  const shown = String(unscaled).padStart(scale + 1, '0')
  const point = shown.length - scale
  const sign = text.startsWith('-') && unscaled > 0n ? '-' : ''
  return sign + shown.slice(0, point) + (scale > 0 ? `.${shown.slice(point)}` : '')
}

function modelInteger(text: string, bits: bigint): string | undefined {
  const exact = text.includes('.') ? undefined : modelDecimal(text, 2000, 0)
  if (exact === undefined) return undefined
  const limit = 2n ** (bits - 1n)
  return BigInt(exact) >= -limit && BigInt(exact) < limit ? exact : undefined
}

/** By the calendar of JavaScript, from the positions of the characters. */
function modelTimestamp(text: string): string | undefined {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)]
  const [hour, minute, second] = [text.slice(11, 13), text.slice(14, 16), text.slice(17, 19)]
  const fraction = text.slice(20)
  const rest = text.length > 19 ? text.slice(19) : '.0'
  if ([4, 7].some((at) => text[at] !== '-') || [13, 16].some((at) => text[at] !== ':')) return undefined
  if ((text[10] !== ' ' && text[10] !== 'T') || rest[0] !== '.' || rest.length < 2) return undefined
  if ([...`${year}${month}${day}${hour}${minute}${second}${fraction}`].some((digit) => digit < '0' || digit > '9'))
    return undefined
  if (year === '0000' || [...fraction.slice(6)].some((digit) => digit !== '0')) return undefined
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const moment = new Date(iso)
  if (hour === '24' || Number.isNaN(moment.getTime()) || moment.toISOString() !== iso) return undefined
  let micros = fraction.slice(0, 6)
  while (micros.endsWith('0')) micros = micros.slice(0, -1)
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${micros === '' ? '' : `.${micros}`}`
}

const digits = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength })
const numberLike = fc
  .tuple(
    fc.constantFrom('', '-', '+', ' '),
    fc.oneof({ weight: 4, arbitrary: digits(12) }, { weight: 1, arbitrary: digits(42) }),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 3, arbitrary: digits(6).map((fraction) => `.${fraction}`) },
      { weight: 1, arbitrary: digits(45).map((fraction) => `.${fraction}000`) },
    ),
    fc.oneof(
      { weight: 9, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('e5', '\n', ' ', '_0', '٣', '.') },
    ),
  )
  .map((parts) => parts.join(''))
const edges = fc
  .tuple(fc.constantFrom(7n, 8n, 15n, 16n, 31n, 32n, 63n, 64n), fc.bigInt(-2n, 2n), fc.boolean())
  .map(([bits, offset, negative]) => String((negative ? -1n : 1n) * 2n ** bits + offset))
const twoDigits = (most: number) => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, '0'))
const momentLike = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('0000', '0001', '1900', '2000', '2024', '2100', '9999'),
      fc.integer({ min: 0, max: 9999 }).map((year) => String(year).padStart(4, '0')),
    ),
    fc.constantFrom('-', '-', '-', '-', '/'),
    twoDigits(13),
    fc.constant('-'),
    twoDigits(32),
    fc.constantFrom(' ', 'T', ' ', 'T', 't', '  ', ''),
    twoDigits(24),
    fc.constant(':'),
    twoDigits(60),
    fc.constant(':'),
    twoDigits(60),
    fc.oneof(
      fc.constant(''),
      digits(7).map((fraction) => `.${fraction}`),
      digits(3).map((fraction) => `.${fraction}000000`),
      fc.constantFrom('Z', '+02:00', ' '),
    ),
  )
  .map((parts) => parts.join(''))
const anyText = fc.oneof(
  { weight: 6, arbitrary: numberLike },
  { weight: 2, arbitrary: edges },
  { weight: 4, arbitrary: momentLike },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...'0123456789+-.:eETZ_ "{}[],\\tnul\n'), maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => text.isWellFormed()) },
  { weight: 1, arbitrary: fc.json() },
)

const models: readonly (readonly [string, (text: string) => string | undefined])[] = [
  ...[8n, 16n, 32n, 64n].map((bits) => [`int${bits}`, (text: string) => modelInteger(text, bits)] as const),
  ...(
    [
      [10, 2],
      [3, 0],
      [5, 5],
      [18, 9],
      [38, 0],
      [38, 38],
    ] as const
  ).map(([precision, scale]) => {
    return [`decimal(${precision},${scale})`, (text: string) => modelDecimal(text, precision, scale)] as const
  }),
  ['timestamp', modelTimestamp],
  ['json', (text) => (isJson(text) ? text : undefined)],
]

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const texts = fc.array(fc.option(anyText, { freq: 20 }), { minLength: 100, maxLength: 400, size: 'max' })

test.each(models)('any text as %s is taken exactly or refused, as a model says', async (to, model) => {
  const property = fc.asyncProperty(texts, async (inputs) => {
    const taken = await castAll({ to }, inputs)
    const expected = inputs.map((text) => (text === null ? null : (model(text) ?? null)))
    expect(taken.map(({ value }) => value)).toEqual(expected)
    const faulty = taken.map(({ fault }) => fault !== null)
    expect(faulty).toEqual(inputs.map((text, index) => text !== null && expected[index] === null))
  })
  await fc.assert(property, { numRuns: 12 })
})

const unmodelled = simpleKinds.filter((kind) => kind !== 'binary' && !models.some(([to]) => to === kind))

test.each(unmodelled)('any text as %s is taken or refused, never both, and nothing throws', async (to) => {
  const property = fc.asyncProperty(texts, fc.boolean(), async (inputs, required) => {
    const taken = await castAll({ to, required }, inputs)
    for (const [index, { value, fault }] of taken.entries()) {
      if (inputs[index] === null) expect([value, fault]).toEqual([null, required ? 'NULL_VALUE' : null])
      else expect(value === null).toBe(fault !== null)
    }
  })
  await fc.assert(property, { numRuns: 6 })
})

test('a number that passes as double is the nearest one', async () => {
  const property = fc.asyncProperty(fc.array(fc.oneof(fc.double().map(String), numberLike)), async (inputs) => {
    for (const [index, { value, fault }] of (await castAll({ to: 'double' }, inputs)).entries()) {
      const nearest = Number(inputs[index])
      if (fault === null) expect(value).toBe(Object.is(nearest, -0) ? '-0' : String(nearest))
      // Between the smallest and the largest that a pattern can promise, nothing well-formed is refused.
      else if (fault === 'OUT_OF_RANGE') expect(Math.abs(nearest) > 1e21 || Math.abs(nearest) < 1e-21).toBe(true)
    }
  })
  await fc.assert(property, { numRuns: 60 })
})
