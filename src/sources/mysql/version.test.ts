import { expect, test } from 'vitest'
import { supported } from './version.ts'

const server = { host: 'h', port: 3306, user: 'u', database: 'd' }

test.each([
  ['10.3.39-MariaDB-log', { isMariadb: true, major: 10, minor: 3 }],
  ['5.5.5-10.11.6-MariaDB', { isMariadb: true, major: 10, minor: 11 }],
  ['11.4.2-MariaDB', { isMariadb: true, major: 11, minor: 4 }],
  ['5.7.44', { isMariadb: false, major: 5, minor: 7 }],
  ['8.0.33-commercial', { isMariadb: false, major: 8, minor: 0 }],
  ['9.1.0', { isMariadb: false, major: 9, minor: 1 }],
])('%s is read', (text, version) => expect(supported(text, server)).toEqual(version))

test.each(['5.6.51', '5.5.5-10.2.44-MariaDB', '', 'x'])('%j is refused', (text) => {
  expect(() => supported(text, server)).toThrow('too old')
})
