import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactor } from './redactor.ts'

const nasty = 'p@ss "w\\rd"/+ü'

test('a secret is taken out as it is, URL-encoded and in base64', () => {
  const { redact } = redactor([nasty])
  const base64 = Buffer.from(nasty).toString('base64')
  const forms = [nasty, encodeURIComponent(nasty), base64, base64.replace(/=+$/, ''), Buffer.from(nasty).toString('base64url')]
  for (const form of forms) expect(redact(`before ${form} after`)).toBe('before *** after')
})

test('of two secrets of which one begins the other, nothing is left', () => {
  expect(redactor(['secret', 'secret-longer']).redact('secret-longer secret')).toBe('*** ***')
})

test('texts under four characters are no secrets', () => {
  expect(redactor(['abc']).redact('abc')).toBe('abc')
})

test('a line stays JSON, whatever the secret is made of', () => {
  const line = JSON.stringify({ level: 'info', rows: 12345, path: 'x","y', list: ['12345', nasty] })
  const redacted = redactor(['12345', '","', nasty, '":"x']).redactLine(line)
  expect(JSON.parse(redacted)).toEqual({ level: 'info', rows: '***', path: 'x","y', list: ['***', '***'] })
})

test('no value holds a secret afterwards', () => {
  const secret = fc.string({ minLength: 4, unit: 'grapheme' }).filter((text) => !'***'.includes(text) && !text.includes('*'))
  fc.assert(
    fc.property(secret, fc.string(), (value, around) => {
      const line = redactor([value]).redactLine(JSON.stringify({ a: `${around}${value}${around}`, b: encodeURIComponent(value) }))
      const { a, b } = JSON.parse(line)
      expect(a).not.toContain(value)
      expect(b).not.toContain(encodeURIComponent(value))
    }),
  )
})

test('a secret that is learnt later is taken out from then on', () => {
  const { redact, redactLine, learn } = redactor([])
  expect(redact('hush-hush')).toBe('hush-hush')
  expect(redactLine('{"a":"hush-hush"}\n')).toBe('{"a":"hush-hush"}\n')
  learn('hush-hush')
  learn('hush-hush')
  learn('abc')
  expect(redact('hush-hush abc')).toBe('*** abc')
  expect(redactLine('{"a":"hush-hush"}\n')).toBe('{"a":"***"}\n')
})
