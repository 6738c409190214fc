import { describe, expect, test } from 'vitest'
import { asSluiceError, type ErrorCode, errorCodes, isSluiceError, SluiceError } from './errors.ts'

/** The exit codes of `docs/reliability.md`: a failure has none of those of success and of 75, with which every process begins. */
const failureCodes = [64, 65, 69, 70, 73, 74, 77, 78, 99, 130]

const failure = (code: ErrorCode) => new SluiceError(code, 'It went wrong.', { hint: 'Mend it.' })

describe('the table', () => {
  test.each(Object.entries(errorCodes))(
    '%s ends with a known exit code and says what it means',
    (code, { exitCode, meaning }) => {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
      expect(failureCodes).toContain(exitCode)
      expect(meaning).toMatch(/^[A-Z].*\.$/)
    },
  )

  test('only what another try may change is retryable', () => {
    for (const [code, { exitCode, retryable }] of Object.entries(errorCodes)) if (retryable) expect(exitCode, code).toBe(69)
  })
})

test('an error says what its code says', () => {
  const cause = new Error('ECONNREFUSED')
  const error = new SluiceError('SOURCE_UNREACHABLE', 'No answer.', { hint: 'Start it.', details: { port: 3306 }, cause })
  expect(error).toMatchObject({ name: 'SluiceError', message: 'No answer.', hint: 'Start it.', details: { port: 3306 }, cause })
  expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', exitCode: 69, retryable: true })
  expect(failure('USAGE')).toMatchObject({ exitCode: 64, retryable: false, details: {} })
  expect('cause' in failure('USAGE')).toBe(false)
})

describe('isSluiceError', () => {
  test('knows ours, and which', () => {
    expect(isSluiceError(failure('FENCED'))).toBe(true)
    expect(isSluiceError(failure('FENCED'), 'FENCED')).toBe(true)
    expect(isSluiceError(failure('FENCED'), 'USAGE')).toBe(false)
  })

  test('knows those of another copy of the package', () => {
    const theirs = { [Symbol.for('sluice-etl.error')]: true, code: 'FENCED' }
    expect(theirs instanceof SluiceError).toBe(false)
    expect(isSluiceError(theirs)).toBe(true)
    expect(isSluiceError(theirs, 'FENCED')).toBe(true)
    expect(isSluiceError(theirs, 'USAGE')).toBe(false)
  })

  test.each([
    undefined,
    null,
    'FENCED',
    7,
    new Error('FENCED'),
    { code: 'FENCED' },
    { [Symbol('sluice-etl.error')]: true },
    () => {},
  ])('%o is none', (value) => {
    expect(isSluiceError(value)).toBe(false)
    expect(isSluiceError(value, 'FENCED')).toBe(false)
  })
})

describe('asSluiceError', () => {
  test('leaves ours as they are', () => {
    const error = failure('FENCED')
    expect(asSluiceError(error)).toBe(error)
  })

  test.each([
    [new TypeError('x is undefined'), 'x is undefined'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [{ a: 1 }, '[object Object]'],
  ])('takes %o as a bug, and keeps it', (thrown, says) => {
    const error = asSluiceError(thrown)
    expect(error).toMatchObject({ code: 'INTERNAL', exitCode: 70, message: expect.stringContaining(says) })
    expect(error.cause).toBe(thrown)
  })
})
