import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openRest, type RestOptions } from '../../src/sources/rest.ts'
import { makeCertificate } from '../fixtures/certificate.ts'
import { readRest, refusal } from '../fixtures/rest-reading.ts'
import { json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
let other: RestServer
beforeEach(async () => {
  server = await restServer()
  other = await restServer()
  other.answer(() => json({ data: [{ id: 2 }] }))
})
afterEach(async () => {
  await server.close()
  await other.close()
})

const secret = 's3cret-value'
const page = { by: 'link', next: '$.next' }

describe('credentials', () => {
  const kinds: readonly (readonly [string, RestOptions['auth'], Readonly<Record<string, string>>, string])[] = [
    ['a key in a header', { type: 'apiKey', key: secret, header: 'X-RapidAPI-Key' }, { 'x-rapidapi-key': secret }, ''],
    ['a key in the query', { type: 'apiKey', key: secret, query: 'api_key' }, {}, `?api_key=${secret}`],
    [
      'user and password',
      { type: 'basic', user: 'ü', password: secret },
      { authorization: `Basic ${Buffer.from(`ü:${secret}`).toString('base64')}` },
      '',
    ],
    ['a bearer token', { type: 'bearer', token: secret }, { authorization: `Bearer ${secret}` }, ''],
  ]
  test.each(kinds)('%s', async (_, auth, headers, search) => {
    server.answer(() => json({ data: [] }))
    await readRest({ baseUrl: server.url, ...(auth && { auth }) })
    expect(server.got[0]?.headers).toMatchObject(headers)
    expect(server.got[0]?.url.search).toBe(search)
  })

  test('that are not accepted end with a code of their own, and are not shown', async () => {
    server.answer(({ headers }) => json({ error: 'not allowed', who: headers.authorization?.slice(0, 6) }, {}, 401))
    const error = await refusal(readRest({ baseUrl: server.url, auth: { type: 'bearer', token: secret } }))
    expect(error).toMatchObject({ code: 'SOURCE_DENIED', exitCode: 78, retryable: false })
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(secret)
    expect(server.got).toHaveLength(1)
  })
})

describe('tokens for a client', () => {
  const auth = (change = {}) =>
    ({ type: 'clientCredentials', url: `${other.origin}/token`, clientId: 'me', clientSecret: secret, ...change }) as const
  const tokens = (lifetimes: readonly number[]) => {
    let count = 0
    other.answer(() => {
      const lifetime = lifetimes[count]
      count += 1
      return lifetime === undefined
        ? { status: 500 }
        : json({ access_token: `token-${count}`, expires_in: lifetime, token_type: 'Bearer' })
    })
  }
  const numbered = { options: { page: { by: 'number', parameter: 'page', total: '$.total' } } }
  const records = (page: string | null) => json({ data: [{ id: Number(page) }], total: 4 })

  test('are asked for once and sent with every request', async () => {
    tokens([3600])
    server.answer(({ url }) => records(url.searchParams.get('page')))
    await readRest({ baseUrl: server.url, auth: auth({ scope: 'read', parameters: { audience: 'shop' } }) }, numbered)
    expect(server.got.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill('Bearer token-1'))
    expect(other.got.map(({ method, body, headers }) => [method, body, headers.authorization])).toEqual([
      [
        'POST',
        'grant_type=client_credentials&scope=read&audience=shop',
        `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`,
      ],
    ])
  })

  test('send id and secret in the body where the server wants them there', async () => {
    tokens([3600])
    server.answer(() => json({ data: [] }))
    await readRest({ baseUrl: server.url, auth: auth({ sendIn: 'body' }) })
    expect(other.got[0]?.body).toBe(`grant_type=client_credentials&client_id=me&client_secret=${secret}`)
    expect(other.got[0]?.headers.authorization).toBeUndefined()
  })

  test('F30: one that ends in the middle is renewed, and each row is read once', async () => {
    tokens([3600, 3600])
    server.answer(({ url, headers }) => {
      const page = url.searchParams.get('page')
      return headers.authorization === 'Bearer token-1' && page === '3' ? { status: 401 } : records(page)
    })
    const { rows } = await readRest({ baseUrl: server.url, auth: auth() }, numbered)
    expect(rows.map(([id]) => id)).toEqual(['1', '2', '3', '4'])
    expect(server.got.map(({ headers }) => headers.authorization?.at(-1))).toEqual(['1', '1', '1', '2', '2'])
  })

  test('are renewed before they end', async () => {
    tokens([0.2, 3600])
    server.answer(async ({ url }) => {
      await new Promise((resolve) => setTimeout(resolve, 120))
      return records(url.searchParams.get('page'))
    })
    await readRest({ baseUrl: server.url, auth: auth() }, numbered)
    expect(server.got.map(({ headers }) => headers.authorization?.at(-1))).toEqual(['1', '2', '2', '2'])
  })

  test('F30: a renewed one that is not accepted either ends it', async () => {
    tokens([3600, 3600, 3600])
    server.answer(() => ({ status: 401 }))
    expect(await refusal(readRest({ baseUrl: server.url, auth: auth() }))).toMatchObject({ code: 'SOURCE_DENIED', exitCode: 78 })
    expect([server.got.length, other.got.length]).toEqual([2, 2])
  })

  test.each([
    ['refuses', { status: 400, body: `{"error":"invalid_client","secret":"${secret}"}` }, 'SOURCE_DENIED'],
    ['gives none', { body: '{"token":"x"}' }, 'SOURCE_DENIED'],
    ['sends no JSON', { body: '<html>' }, 'SOURCE_DENIED'],
    ['is out of order', { status: 503 }, 'SOURCE_UNREACHABLE'],
  ] as const)('a server of tokens that %s', async (_, answer, code) => {
    other.answer(() => answer)
    const error = await refusal(readRest({ baseUrl: server.url, auth: auth() }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(`POST ${other.origin}/token`) })
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(secret)
    expect(server.got).toHaveLength(0)
  })
})

describe('another origin', () => {
  const everyHeader = {
    'X-API-Key': secret,
    'X-RapidAPI-Key': secret,
    'PRIVATE-TOKEN': secret,
    Authorization: secret,
    Cookie: secret,
  }
  const connection = () => ({ baseUrl: server.url, headers: everyHeader, query: { key: secret } })

  test.each([301, 302, 303, 307, 308])('is not gone to by a redirect (%i)', async (status) => {
    server.answer(() => ({ status, headers: { location: `${other.origin}/v1/items` } }))
    const error = await refusal(readRest(connection()))
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', message: expect.stringContaining(`leads to ${other.origin}`) })
    expect(error.hint).toContain('allowOrigins')
    expect(other.got).toHaveLength(0)
  })

  test('is not gone to by a link', async () => {
    server.answer(() => json({ data: [{ id: 1 }], next: `${other.origin}/v1/items` }))
    expect(await refusal(readRest(connection(), { options: { page } }))).toMatchObject({ code: 'RESPONSE_INVALID' })
    expect(other.got).toHaveLength(0)
  })

  test.each(['redirect', 'link'])('that is allowed gets no credentials by a %s', async (how) => {
    const next = `${other.origin}/v1/items?page=2`
    server.answer(() => (how === 'link' ? json({ data: [{ id: 1 }], next }) : { status: 302, headers: { location: next } }))
    const { rows } = await readRest(
      { ...connection(), allowOrigins: [other.origin], auth: { type: 'apiKey', key: secret, query: 'k' } },
      { options: { page, headers: { 'X-Own': secret } } },
    )
    expect(rows.map(([id]) => id)).toEqual(how === 'link' ? ['1', '2'] : ['2'])
    expect(server.got[0]?.headers).toMatchObject({ 'x-api-key': secret, 'x-own': secret })
    expect(other.got).toHaveLength(1)
    expect(JSON.stringify([other.got[0]?.headers, other.got[0]?.url.href])).not.toContain(secret)
  })

  test('a redirect within the origin keeps them', async () => {
    server.answer(({ url }) =>
      url.pathname === '/v1/items' ? { status: 301, headers: { location: '/v2/items' } } : json({ data: [{ id: 1 }] }),
    )
    await readRest(connection())
    expect(server.got.map(({ url, headers }) => [url.pathname, headers['x-api-key']])).toEqual([
      ['/v1/items', secret],
      ['/v2/items', secret],
    ])
  })

  test.each([
    ['in a circle', { status: 302, headers: { location: '/v1/items' } }, 'redirects more than 5 times'],
    ['to nowhere', { status: 302 }, 'redirects (302) to nowhere'],
  ])('redirects %s end', async (_, answer, message) => {
    server.answer(() => answer)
    expect(await refusal(readRest(connection()))).toMatchObject({
      code: 'RESPONSE_INVALID',
      message: expect.stringContaining(message),
    })
  })

  test('a POST is not made again as something else', async () => {
    server.answer(() => ({ status: 302, headers: { location: '/v2' } }))
    const error = await refusal(readRest(connection(), { options: { method: 'POST', body: {} } }))
    expect(error.message).toContain('redirects a POST with 302')
  })
})

describe('private addresses', () => {
  const port = () => new URL(server.origin).port
  test.each(['127.0.0.1', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost', '10.1.2.3', '169.254.169.254', '[fe80::1]'])(
    '%s is refused',
    async (host) => {
      const error = await refusal(readRest({ baseUrl: `http://${host}:${port()}/v1`, allowPrivate: false }))
      expect(error).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('a private address') })
      expect(error.hint).toContain('allowPrivate')
      expect(server.got).toHaveLength(0)
    },
  )
})

describe('TLS', () => {
  let folder: string
  let secure: RestServer
  const authority = (name: string) => join(folder, name, 'tls.crt')

  async function secureServer(name: string, certificate: { readonly hasExpired?: boolean }): Promise<RestServer> {
    await mkdir(join(folder, name))
    // With a name for others, since one without any would be good for its subject too.
    await makeCertificate(join(folder, name), { names: 'IP:127.0.0.1,DNS:other.example', ...certificate })
    const key = await readFile(join(folder, name, 'tls.key'), 'utf8')
    const made = await restServer({ key, cert: await readFile(authority(name), 'utf8') })
    made.answer(() => json({ data: [{ id: 1 }] }))
    return made
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-rest-'))
    secure = await secureServer('good', {})
  })
  afterAll(async () => {
    await secure.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a certificate of an own authority is accepted when it is named', async () => {
    expect((await readRest({ baseUrl: secure.url, authority: authority('good') })).rows).toEqual([['1', null]])
  })

  test('a certificate that nobody knows is not, nor is one for another name', async () => {
    const unknown = await refusal(readRest({ baseUrl: secure.url }))
    expect(unknown).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('signed by itself') })
    const misnamed = await refusal(
      readRest({ baseUrl: secure.url.replace('127.0.0.1', 'localhost'), authority: authority('good') }),
    )
    expect(misnamed).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('for another name') })
  })

  test('one that has expired is not, though its authority is named', async () => {
    const expired = await secureServer('expired', { hasExpired: true })
    const error = await refusal(readRest({ baseUrl: expired.url, authority: authority('expired') }))
    await expired.close()
    expect(error).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('it has expired') })
  })

  test('a server without TLS is refused, as is a redirect away from it', async () => {
    const plain = await refusal(readRest({ baseUrl: server.url.replace('http:', 'https:') }))
    expect(plain).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('does not speak TLS') })
    secure.answer(() => ({ status: 302, headers: { location: `${server.url}/items` } }))
    const connection = { baseUrl: secure.url, authority: authority('good'), allowOrigins: [server.origin] }
    expect((await refusal(readRest(connection))).message).toContain('redirects from https to http')
  })
})

describe('check', () => {
  const check = async (options: Partial<RestOptions>) => {
    const source = await openRest({ baseUrl: server.url, allowPrivate: true, ...options })
    try {
      await source.check()
    } finally {
      await source.close()
    }
  }

  test('any answer shows that the API is there', async () => {
    server.answer(() => ({ status: 404 }))
    await check({})
    server.answer(() => ({ status: 500 }))
    expect(await refusal(check({}))).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })

  test('a path to check shows that the credentials are accepted', async () => {
    server.answer(({ headers }) => ({ status: headers['x-api-key'] === 'right' ? 204 : 403 }))
    await check({ check: '/me', auth: { type: 'apiKey', key: 'right' } })
    expect(await refusal(check({ check: '/me', auth: { type: 'apiKey', key: 'wrong' } }))).toMatchObject({
      code: 'SOURCE_DENIED',
    })
    expect(server.got.map(({ url }) => url.pathname)).toEqual(['/v1/me', '/v1/me'])
  })

  test('nothing that listens, and no such host', async () => {
    await other.close()
    const nobody = await refusal(check({ baseUrl: other.url }))
    expect(nobody).toMatchObject({ code: 'SOURCE_UNREACHABLE', message: expect.stringContaining('nothing listens there') })
    const unknown = await refusal(check({ baseUrl: 'http://no-such-host.invalid/' }))
    expect(unknown).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })

  test.each(['ftp://x', 'api.example.com', 'https://x/?a=1', 'https://user:pass@x/'])(
    'the base address %s is refused',
    async (baseUrl) => {
      const error = await refusal(check({ baseUrl }))
      expect(error.code).toBe('CONFIG_INVALID')
      expect(error.message).not.toContain('pass@')
    },
  )
})
