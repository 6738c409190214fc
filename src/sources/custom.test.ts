import { access, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { customFile, readAll, resourceOf, surroundings } from '../../test/fixtures/custom-reading.ts'
import { SluiceError } from '../errors.ts'
import { readRequest } from '../testing/read-request.ts'
import { type SampleTable, sourceCases } from '../testing/source-cases.ts'
import type { ReadContext } from './custom/read-context.ts'
import { openCustom } from './custom.ts'

describe('the contract of a source', () => {
  const types = { int64: 'int64?', decimal: 'decimal(12,2)?', text: 'text?', timestamp: 'timestamp?' }
  const cases = sourceCases({
    async prepare(sample) {
      const declared = Object.fromEntries(sample.columns.map(({ name, type }) => [name, types[type]]))
      return { source: await openCustom(surroundings), resource: resourceOf(yielding(sample), declared), close: async () => {} }
    },
    nullDiffersFromEmpty: true,
    hasCatalogue: true,
    cursor: (column) => ({ column, overlap: undefined, nulls: 'reject' }),
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )

  /** Code that respects its window, as the documentation asks. */
  function yielding({ columns, rows }: SampleTable) {
    const at = columns.findIndex(({ type }) => type === 'timestamp')
    return async function* read({ window: { lower = '', upper = '3000' } }: ReadContext) {
      for (const row of rows) {
        const moment = at < 0 ? undefined : (row[at] ?? undefined)
        if (moment !== undefined && (moment < lower || moment >= upper)) continue
        yield Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))
      }
      if (at >= 0) return { cursor: '2025-03-02 00:00:00' }
      return undefined
    }
  }
})

describe('what is yielded', () => {
  test('rows one by one and in arrays, in their order; nothing at all is an empty reading', async () => {
    const { rows, numbers } = await readAll(
      async function* () {
        yield { a: 1 }
        yield [{ a: 2 }, { a: 3 }]
        yield []
        yield { a: 4 }
      },
      { a: 'int32' },
    )
    expect(rows).toEqual([['1'], ['2'], ['3'], ['4']])
    expect(numbers).toEqual([1, 2, 3, 4])
    expect((await readAll(async function* () {}, { a: 'int32' })).rows).toEqual([])
  })

  test('from other iterables too', async () => {
    expect((await readAll(() => [{ a: 1 }], { a: 'int32' })).rows).toEqual([['1']])
    const sync = function* () {
      yield { a: 2 }
      return { cursor: undefined }
    }
    expect((await readAll(sync, { a: 'int32' })).rows).toEqual([['2']])
  })

  test.each<[string, unknown]>([
    ['a promise of rows', async () => [{ a: 1 }]],
    ['a promise that fails', async () => Promise.reject(new Error('late'))],
    ['nothing', () => undefined],
    ['a text', () => 'rows'],
  ])('%s is refused', async (_name, read) => {
    await expect(readAll(read as never, { a: 'int32' })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: 'The code of extract/rates.ts gives no rows to go through.',
      hint: 'Write it as async *read(context) { … yield { … } … }.',
    })
  })

  test('what does not fit is refused with all its causes, its place and the row as JSON', async () => {
    const { rows, rejects, numbers } = await readAll(
      async function* () {
        yield { id: 1, price: '1.10' }
        yield { id: 2 ** 53, price: 0.1, big: 5n }
        yield [{ id: 3n }, null, 'row', ['x'], Uint8Array.of(1)]
        yield { id: null, price: 2 }
        yield { id: 4, price: 2 }
      },
      { id: 'int64', price: 'decimal(12,2)?' },
    )
    expect(rows).toEqual([
      ['1', '1.10'],
      ['3', null],
      ['4', '2.00'],
    ])
    expect(numbers).toEqual([1, 3, 9])
    expect(rejects).toEqual([
      {
        row: 2,
        causes: [
          { code: 'MISFIT', column: 'id', value: '9007199254740992' },
          { code: 'MISFIT', column: 'price', value: '0.1' },
        ],
        raw: '{"id":9007199254740992,"price":0.1,"big":"5"}',
      },
      { row: 4, causes: [{ code: 'MALFORMED', value: '[object Null]' }] },
      { row: 5, causes: [{ code: 'MALFORMED', value: 'row' }] },
      { row: 6, causes: [{ code: 'MALFORMED', value: '[object Array]' }] },
      { row: 7, causes: [{ code: 'MALFORMED', value: '01' }] },
      { row: 8, causes: [{ code: 'NULL_VALUE', column: 'id' }], raw: '{"id":null,"price":2}' },
    ])
  })

  test('a row that JSON cannot hold, and one that is too long, are shown as far as they can be', async () => {
    const circle: Record<string, unknown> = { a: 'x' }
    circle['self'] = circle
    const { rejects } = await readAll(() => [circle, { a: 'y'.repeat(20_000) }, { a: Buffer.from('z') }], { a: 'int32' })
    expect(rejects.map(({ raw }) => raw?.slice(0, 20))).toEqual([
      '[object Object]',
      `{"a":"${'y'.repeat(14)}`,
      '{"a":{"type":"Buffer',
    ])
    expect(rejects[1]?.raw).toHaveLength(10_000)
    expect(rejects[1]?.causes[0]?.value).toHaveLength(1_000)
  })

  test('members are taken by the name in from(), own ones only', async () => {
    const inherited = Object.create({ title: 'not mine', toString: 'x' })
    const rows = [{ product_title: 'a', title: 'b' }, inherited]
    const read = await readAll(() => rows, { title: 'text? <- product_title', toString: 'text?' })
    expect(read.rows).toEqual([
      ['a', null],
      [null, null],
    ])
  })

  test('members that are no columns are counted in one notice', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `m${String(index).padStart(3, '0')}`)
    const many = Object.fromEntries(names.map((name) => [name, 1]))
    const { rows, notices } = await readAll(() => [{ a: 1, nmae: 'x' }, { a: 2, nmae: 'y' }, { a: 3 }], { a: 'int32' })
    expect(rows).toHaveLength(3)
    expect(notices).toEqual(['extract/rates.ts yields members that are no columns; they are left out: "nmae" in 2 rows.'])
    const { notices: shortened } = await readAll(() => [{ a: 1, ...many }], { a: 'int32' })
    expect(shortened[0]).toMatch(/"m000" in 1 rows, .*"m011" in 1 rows, and 88 more\.$/)
  })

  test('large rows make small batches', async () => {
    const { batches } = await readAll(
      function* () {
        for (let index = 0; index < 10; index += 1) yield { a: 'x'.repeat(1024 * 1024) }
      },
      { a: 'text' },
    )
    expect(batches.map(({ batch }) => batch.rows)).toEqual([4, 4, 2])
  })

  test('no more is asked for than is taken', async () => {
    let asked = 0
    const read = function* () {
      for (;;) {
        asked += 1
        yield { a: asked }
      }
    }
    const source = await openCustom(surroundings)
    const reading = await source.open(readRequest(resourceOf(read, { a: 'int32' })))
    let ended = false
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) {
        expect(batch.rows).toBe(16_384)
        ended = true
        break
      }
    }
    expect([ended, asked]).toEqual([true, 16_384])
    await source.close()
  })
})

describe('a failure', () => {
  test('of the code names the script, the place and what it said; the cause is kept, a secret is not', async () => {
    const cause = new TypeError('no such key hush-hush')
    const failing = async function* () {
      yield { a: 1 }
      throw cause
    }
    const refused = expect(readAll(failing, { a: 'int32' })).rejects
    await refused.toMatchObject({
      code: 'SOURCE_FAILED',
      message: 'The code of extract/rates.ts, line 7 failed: TypeError: no such key ***',
      hint: 'Correct extract/rates.ts, line 7; the log of the run has the whole stack.',
      details: { file: customFile, line: 7 },
      cause,
    })
  })

  test('before the first row, in a row and of anything that can be thrown', async () => {
    const code = { code: 'SOURCE_FAILED' }
    const throwing = (thrown: unknown) => () => {
      throw thrown
    }
    await expect(readAll(throwing(new Error('at once')), { a: 'int32' })).rejects.toMatchObject(code)
    for (const thrown of ['a text', undefined, Object.create(null)]) {
      await expect(readAll(throwing(thrown), { a: 'int32' })).rejects.toMatchObject(code)
    }
    const row = {
      get a() {
        throw new Error('no value today')
      },
    }
    await expect(readAll(() => [row], { a: 'int32' })).rejects.toMatchObject({
      message: expect.stringContaining('no value today'),
    })
  })

  test('of ours stays as it is, so that the engine knows it again; a secret in it is taken out', async () => {
    const unreachable = new SluiceError('SOURCE_UNREACHABLE', 'The rates are asleep.', { hint: 'Wake them.' })
    const throwing = (error: SluiceError) =>
      readAll(
        () => {
          throw error
        },
        { a: 'int32' },
      )
    await expect(throwing(unreachable)).rejects.toBe(unreachable)
    const telling = new SluiceError('SOURCE_DENIED', 'hush-hush is no key', { hint: 'Ask for another than hush-hush.' })
    await expect(throwing(telling)).rejects.toMatchObject({ code: 'SOURCE_DENIED', message: '*** is no key', cause: telling })
  })

  test('the code may clean up, and what it throws then is not heard', async () => {
    let cleaned = 0
    const read = async function* () {
      try {
        for (;;) yield { a: 1 }
      } finally {
        cleaned += 1
        // biome-ignore lint/correctness/noUnsafeFinally: it is what foreign code may do
        throw new Error('unheard')
      }
    }
    const source = await openCustom(surroundings)
    const reading = await source.open(readRequest(resourceOf(read, { a: 'int32' })))
    for (const partition of reading.partitions) for await (const _batch of reading.read(partition)) break
    await source.close()
    expect(cleaned).toBe(1)
  })

  test.each<[string, Partial<Record<'columns' | 'options', unknown>>, string]>([
    ['without code', { options: {} }, 'has no read(context)'],
    ['without columns', { columns: [] }, 'declares no columns'],
    ['with a limit that is none', { options: { read: () => [], silenceLimitMs: 0 } }, 'has a silenceLimitMs that is no time'],
  ])('a resource %s is refused', async (_name, wrong, what) => {
    const source = await openCustom(surroundings)
    const resource = { ...resourceOf(() => [], { a: 'int32' }), ...wrong }
    await expect(source.open(readRequest(resource as never))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `The code of extract/rates.ts ${what}.`,
    })
  })
})

describe('code that is slow', () => {
  test('shows that it is alive while it waits, and is given up after its limit', async () => {
    const slow = async function* () {
      yield { a: 1 }
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      yield { a: 2 }
    }
    const { rows, batches } = await readAll(slow, { a: 'int32' })
    expect(rows).toEqual([['1'], ['2']])
    expect(batches.length).toBeGreaterThan(1)
    expect(batches[0]?.batch.rows).toBe(0)
    await expect(readAll(slow, { a: 'int32' }, { silenceLimitMs: 300 })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: 'The code of extract/rates.ts has yielded nothing for 0.3 seconds.',
      retryable: true,
    })
  })

  test('an abort ends even what hangs, at once', async () => {
    const controller = new AbortController()
    const seen: boolean[] = []
    const hanging = async function* ({ signal }: ReadContext) {
      signal.addEventListener('abort', () => seen.push(signal.aborted))
      yield { a: 1 }
      await new Promise(() => {})
    }
    setTimeout(() => controller.abort(), 50)
    await expect(readAll(hanging, { a: 'int32' }, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(seen).toEqual([true])
  })

  test('what the code throws because of an abort is an abort', async () => {
    const controller = new AbortController()
    const read = async function* ({ signal }: ReadContext) {
      yield { a: 1 }
      controller.abort()
      signal.throwIfAborted()
    }
    await expect(readAll(read, { a: 'int32' }, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('the context', () => {
  test('offers batch, variables, log and a signal', async () => {
    const lines: unknown[] = []
    const { rows } = await readAll(
      async function* ({ batch, env, secret, log, signal, window }) {
        log.info('one', { pages: 3 })
        log.warn('two')
        log.error('three')
        yield { a: [batch, env('X'), secret('Y'), signal.aborted, window.lower, window.upper].join() }
      },
      { a: 'text' },
      { log: (...line) => lines.push(line) },
    )
    expect(rows).toEqual([['2025-01-01,value of X,hush-hush,false,,']])
    expect(lines).toEqual([
      ['info', 'one', { pages: 3 }],
      ['warn', 'two', undefined],
      ['error', 'three', undefined],
    ])
  })

  test('makes one private folder, which is gone at the end, whatever the end is', async () => {
    for (const fails of [false, true]) {
      let folder = ''
      const reading = readAll(
        async function* ({ temporaryFolder }) {
          folder = await temporaryFolder()
          expect(await temporaryFolder()).toBe(folder)
          await writeFile(join(folder, 'part.zip'), 'x')
          yield { a: ((await stat(folder)).mode & 0o777).toString(8) }
          yield { a: (await readdir(folder)).join() }
          if (fails) throw new Error('over')
        },
        { a: 'text' },
      )
      if (fails) await expect(reading).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
      else expect((await reading).rows).toEqual([['700'], ['part.zip']])
      await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    }
  })

  test('ends its signal with the reading', async () => {
    let ended: AbortSignal | undefined
    await readAll(
      async function* ({ signal }) {
        ended = signal
        yield { a: 1 }
      },
      { a: 'int32' },
    )
    expect(ended?.aborted).toBe(true)
  })
})
