import { expect, test } from 'vitest'
import { loginOf } from './server.ts'

test('a url names the server, the login and the database, with special characters as %XX', async () => {
  expect(await loginOf('mysql://e%40tl:p%2Fw%40@db.example.com/shop%20a')).toEqual({
    host: 'db.example.com',
    port: 3306,
    user: 'e@tl',
    password: 'p/w@',
    database: 'shop a',
    ssl: { rejectUnauthorized: true, verifyIdentity: true },
  })
})

test.each([
  ['mysql://u@127.0.0.1/d', undefined],
  ['mariadb://u@[::1]:3307/d', undefined],
  ['mysql://u@127.0.0.1/d?ssl-mode=REQUIRED', { rejectUnauthorized: false, verifyIdentity: false }],
  ['mysql://u@h/d?ssl-mode=VERIFY_CA', { rejectUnauthorized: true, verifyIdentity: false }],
  ['mysql://u@h/d?ssl-mode=disabled', undefined],
] as const)('%s', async (url, ssl) => {
  expect((await loginOf(url)).ssl).toEqual(ssl)
})

test.each([
  '',
  'shop',
  'mysql://h/d',
  'mysql://u@h',
  'mysql://u@h/d?sslmode=x',
  'mysql://u@h/d?ssl-mode=maybe',
  'mysql://u@h/d?ssl-ca=/none',
])('the url %j is refused', async (url) => {
  await expect(loginOf(url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
