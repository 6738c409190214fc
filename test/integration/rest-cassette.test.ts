import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RestOptions } from '../../src/sources/rest.ts'
import { readRest, refusal } from '../fixtures/rest-reading.ts'
import { type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'

let server: RestServer
let folder: string
beforeEach(async () => {
  server = await restServer()
  folder = await mkdtemp(join(tmpdir(), 'sluice-cassette-'))
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const secret = 'canary-5ecret/+='
const path = () => join(folder, 'deep', 'catalog.jsonl')
const asked = {
  options: { page: { by: 'number', parameter: 'page', total: '$.total' }, query: { q: 'ä b', own: secret }, secrets: [secret] },
}

const connection = (mode: 'record' | 'replay', change: Partial<RestOptions> = {}): RestOptions => ({
  baseUrl: server.url,
  headers: { 'X-Key': secret },
  query: { tenant: secret },
  auth: { type: 'apiKey', key: secret, query: 'api_key' },
  secrets: [secret],
  cassette: { path: path(), mode },
  ...change,
})

/** Two pages, the second of them only after a pause, each with what must not be kept. */
function pages() {
  let isBusy = true
  return (got: Got) => {
    const page = Number(got.url.searchParams.get('page'))
    if (page === 2 && isBusy) {
      isBusy = false
      return { status: 429, headers: { 'retry-after': '1' } }
    }
    const headers = { 'set-cookie': `session=${secret}`, 'x-echo': secret }
    return json({ total: 2, data: [{ id: page, name: `n${page}`, echo: secret }] }, headers)
  }
}

describe('a cassette', () => {
  test('gives without a network what was recorded, and does not wait', async () => {
    server.answer(pages())
    const recorded = await readRest(connection('record'), asked)
    expect(server.got).toHaveLength(3)
    await server.close()
    // Waited for, this would be longer than a test may take.
    await writeFile(path(), (await readFile(path(), 'utf8')).replace('"retry-after":"1"', '"retry-after":"200"'))
    const replayed = await readRest(connection('replay'), asked)
    expect(replayed).toEqual(recorded)
    expect(replayed.rows).toEqual([
      ['1', 'n1'],
      ['2', 'n2'],
    ])
  })

  test('has no request header and no secret in it', async () => {
    server.answer(pages())
    await readRest(connection('record'), asked)
    const text = await readFile(path(), 'utf8')
    expect(text.trim().split('\n')).toHaveLength(3)
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), 'set-cookie', 'x-key']) {
      expect(text).not.toContain(form)
    }
    expect(text).toContain('api_key=***')
    expect(text).toContain('"retry-after":"1"')
  })

  test('is found again with other secrets, as a test has them', async () => {
    server.answer(pages())
    await readRest(connection('record'), asked)
    const dummy = 'x'
    const change = { query: { tenant: dummy }, auth: { type: 'apiKey', key: dummy, query: 'api_key' }, secrets: [dummy] } as const
    const options = { ...asked.options, query: { q: 'ä b', own: dummy } }
    expect((await readRest(connection('replay', change), { options })).rows).toHaveLength(2)
  })

  test('keeps no token, and needs none to be played', async () => {
    const tokens = await restServer()
    tokens.answer(() => json({ access_token: 'token-from-server', expires_in: 60 }))
    const auth = { type: 'clientCredentials', url: tokens.origin, clientId: 'me', clientSecret: secret } as const
    server.answer(pages())
    await readRest(connection('record', { auth }), asked)
    await tokens.close()
    const text = await readFile(path(), 'utf8')
    expect(text).not.toContain('token-from-server')
    expect((await readRest(connection('replay', { auth }), asked)).rows).toHaveLength(2)
  })

  test('keeps bytes that are no text', async () => {
    const bytes = Buffer.concat([Buffer.from('{"total":1,"data":[{"id":"'), Buffer.from([0xff]), Buffer.from('"}]}')])
    server.answer(() => ({ body: bytes }))
    const recorded = await readRest(connection('record'), asked)
    expect(recorded.rejects[0]?.causes[0]?.code).toBe('ENCODING')
    expect(await readRest(connection('replay'), asked)).toEqual(recorded)
  })

  test('that is asked for something else says so', async () => {
    server.answer(pages())
    await readRest(connection('record'), asked)
    const error = await refusal(readRest(connection('replay'), { ...asked, path: '/other' }))
    expect(error).toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining(`has no more answer to GET ${server.url}/other`),
    })
    expect(error.message).not.toContain(secret)
  })

  test('that is not there, damaged, or of an unknown mode says so', async () => {
    expect(await refusal(readRest(connection('replay'), asked))).toMatchObject({ code: 'LOCAL_IO' })
    const damaged = join(folder, 'damaged.jsonl')
    await writeFile(damaged, '{"request":\n')
    const change = { cassette: { path: damaged, mode: 'replay' } } as const
    expect(await refusal(readRest(connection('replay', change), asked))).toMatchObject({ code: 'FILE_CORRUPT' })
    const unknown = { cassette: { path: damaged, mode: 'reply' as 'replay' } }
    expect(await refusal(readRest(connection('replay', unknown), asked))).toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
