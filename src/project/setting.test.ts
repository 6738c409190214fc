import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { secret } from './setting.ts'

test('a secret prints as ***, whoever prints it', () => {
  const key = secret('API_KEY')
  const printed = [`${key}`, String(key), JSON.stringify({ key }), inspect(key), inspect({ deep: { key } })]
  expect(printed).toEqual(['***', '***', '{"key":"***"}', '***', '{ deep: { key: *** } }'])
})
