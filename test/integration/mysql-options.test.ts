import { createServer } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import type { CursorPolicy } from '../../src/model/script.ts'
import { type MysqlSourceOptions, openMysqlSource } from '../../src/sources/mysql.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

const cursorOn = (column: string, overlap?: number, nulls: CursorPolicy['nulls'] = 'reject') => ({ column, overlap, nulls })

async function readAll(locator: string, options: Partial<MysqlSourceOptions> = {}, asked: Partial<ReadRequest> = {}) {
  const source = await openMysqlSource({ url: server.url, ...options })
  const notices: string[] = []
  try {
    const resource = { source: 'shop', locator, options: {}, columns: undefined }
    const reading = await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...asked }))
    const rows: (string | null)[][] = []
    const numbers: number[] = []
    const rejects: RejectedRow[] = []
    for (const partition of reading.partitions) {
      for await (const read of reading.read(partition)) {
        const columns = read.batch.columns.map((vector) => cellTexts(vector, read.batch.rows))
        const first = rows.length + rejects.length + 1
        for (let row = 0; row < read.batch.rows; row += 1) {
          rows.push(columns.map((texts) => texts[row] ?? null))
          numbers.push(read.rowNumbers?.[row] ?? first + row)
        }
        rejects.push(...read.rejects)
      }
    }
    if (reading.expectedRows !== undefined) expect(reading.expectedRows).toBe(rows.length + rejects.length)
    const types = reading.schema.columns.map(({ type }) => columnTypeText(type))
    return { rows, numbers, rejects, notices, types, window: reading.window, columns: reading.schema.columns }
  } finally {
    await source.close()
  }
}

describeMysql('%s', (_product, start) => {
  beforeAll(async () => {
    server = await start()
  })

  afterAll(() => server?.stop())

  describe('dates that no calendar has', () => {
    const values = ["'0000-00-00'", "'2024-00-15'", "'2024-02-31'", "'2024-02-29'", 'NULL']
    beforeAll(() =>
      server.run(
        "SET sql_mode = 'ALLOW_INVALID_DATES'",
        'CREATE TABLE zero (id INT PRIMARY KEY, d DATE, m DATETIME(3))',
        ...values.map((value, id) => `INSERT INTO zero VALUES (${id}, ${value}, ${value})`),
        "SET sql_mode = ''",
      ),
    )

    test('refuse their rows', async () => {
      const { rows, numbers, rejects } = await readAll('zero')
      expect(rows).toEqual([
        ['3', '2024-02-29', '2024-02-29 00:00:00'],
        ['4', null, null],
      ])
      expect(numbers).toEqual([4, 5])
      expect(rejects.map(({ row }) => row)).toEqual([1, 2, 3])
      expect(rejects[1]?.causes).toEqual([
        { code: 'OUT_OF_RANGE', column: 'd', value: '2024-00-15' },
        { code: 'OUT_OF_RANGE', column: 'm', value: '2024-00-15 00:00:00.000' },
      ])
      expect(rejects[0]?.raw).toBe('{"id":"0","d":"0000-00-00","m":"0000-00-00 00:00:00.000"}')
    })

    test('become NULL and are counted', async () => {
      const { rows, rejects, notices } = await readAll('zero', { zeroDates: 'null' })
      expect(rejects).toEqual([])
      expect(rows.map(([, day]) => day)).toEqual([null, null, null, '2024-02-29', null])
      expect(notices).toEqual([
        '3 values of d became NULL, for no calendar has them.',
        '3 values of m became NULL, for no calendar has them.',
      ])
    })

    test('stay as text', async () => {
      const { rows, types } = await readAll('zero', { zeroDates: 'text' })
      expect(types).toEqual(['int32', 'text', 'text'])
      expect(rows.map(([, day]) => day)).toEqual(['0000-00-00', '2024-00-15', '2024-02-31', '2024-02-29', null])
    })
  })

  test('the numbers of rows are theirs over many batches with refused rows', async () => {
    await server.run(
      'CREATE TABLE many (id INT PRIMARY KEY, d DATE)',
      `INSERT INTO many SELECT seq, IF(seq IN (1, 20000, 20001, 50000), '0000-00-00', '2024-01-01') FROM ${server.sequence(50_000)}`,
    )
    const { rows, numbers, rejects } = await readAll('many')
    expect(rejects.map(({ row }) => row)).toEqual([1, 20_000, 20_001, 50_000])
    expect(rows.map(([id]) => Number(id))).toEqual(numbers)
  })

  test('TINYINT(1) as a boolean, and TIME as a time of day, refuse what is none', async () => {
    await server.run(
      'CREATE TABLE asked (id INT PRIMARY KEY, b TINYINT(1), t TIME(2))',
      "INSERT INTO asked VALUES (1, 0, '23:59:59.99'), (2, 1, NULL), (3, 2, '00:00:00'), (4, NULL, '24:00:00'), (5, -1, '-00:00:01'), (6, 1, '838:59:59')",
    )
    const { rows, rejects, types } = await readAll('asked', { tinyint1: 'boolean', times: 'time' })
    expect(types).toEqual(['int32', 'boolean', 'time'])
    expect(rows).toEqual([
      ['1', 'false', '23:59:59.99'],
      ['2', 'true', null],
    ])
    expect(rejects.map(({ causes }) => causes.map(({ column, code }) => `${column} ${code}`))).toEqual([
      ['b MISFIT'],
      ['t OUT_OF_RANGE'],
      ['b MISFIT', 't OUT_OF_RANGE'],
      ['t OUT_OF_RANGE'],
    ])
  })

  test('strange names, generated and invisible columns, views, and tables of other databases', async () => {
    await server.run(
      'CREATE TABLE `select ``from``` (`a b` INT, `ü.x` INT AS (`a b` + 1) STORED, `hidden` INT DEFAULT 7 INVISIBLE)',
      'INSERT INTO `select ``from``` (`a b`) VALUES (1)',
      'CREATE VIEW seen AS SELECT `a b` AS a, 0.1 AS exact FROM `select ``from```',
      'CREATE DATABASE other',
      'CREATE TABLE other.t (id INT)',
      'INSERT INTO other.t VALUES (5)',
    )
    const strange = await readAll('select `from`')
    expect(strange.columns.map(({ name }) => name)).toEqual(['a b', 'ü.x'])
    expect(strange.rows).toEqual([['1', '2']])
    expect((await readAll('seen')).rows).toEqual([['1', '0.1']])
    expect((await readAll('other.t')).rows).toEqual([['5']])
  })

  describe('cursors', () => {
    beforeAll(() =>
      server.run(
        'CREATE TABLE moved (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(20), at TIMESTAMP NULL, price DECIMAL(5,2))',
        "INSERT INTO moved VALUES (1, 'a', '2025-01-01 00:00:00', 1), (2, 'b', NULL, 1), (18446744073709551615, 'c', '2037-01-01', 1)",
      ),
    )

    test('a moment beyond now is held back, and NULL is treated as told', async () => {
      const rejected = await readAll('moved', {}, { cursor: cursorOn('at') })
      expect([rejected.rows.map(([id]) => id), rejected.rejects.map(({ causes }) => causes)]).toEqual([
        ['1'],
        [[{ code: 'NULL_CURSOR', column: 'at' }]],
      ])
      expect(rejected.notices.join()).toContain('1 rows are held back')
      expect(rejected.window).toMatchObject({ proven: true })
      const included = await readAll('moved', {}, { cursor: cursorOn('at', undefined, 'include') })
      expect(included.rows.map(([id]) => id)).toEqual(['1', '2'])
      const excluded = await readAll('moved', {}, { cursor: cursorOn('at', undefined, 'exclude') })
      expect(excluded.rows.map(([id]) => id)).toEqual(['1'])
    })

    test('an integer and a text need an overlap', async () => {
      await expect(readAll('moved', {}, { cursor: cursorOn('id') })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
      const numbers = await readAll('moved', {}, { cursor: cursorOn('id', 10) })
      expect(numbers.window).toEqual({
        column: 'id',
        lower: undefined,
        upper: undefined,
        proven: false,
        next: '18446744073709551605',
      })
      const texts = await readAll('moved', {}, { cursor: cursorOn('name', 0), lower: 'b' })
      expect(texts.rows.map(([id]) => id).sort()).toEqual(['18446744073709551615', '2'])
      expect(texts.window?.next).toBe('c')
      await expect(readAll('moved', {}, { cursor: cursorOn('name', 1) })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    })

    test.each(['nothing', 'price'])('%s cannot be one', async (column) => {
      await expect(readAll('moved', {}, { cursor: cursorOn(column) })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    })

    test('a transaction that is too old is named', async () => {
      const slow = await server.session()
      await slow.run('BEGIN', "UPDATE moved SET name = 'z' WHERE id = 1")
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await expect(readAll('moved', { maxHorizonLagMs: 1000 }, { cursor: cursorOn('at') })).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringMatching(/The horizon lies \d+ s back: a transaction of session \d+, is that old\./),
      })
      await slow.run('ROLLBACK')
      slow.close()
    })
  })

  test('a statement that takes longer than it may is ended', async () => {
    await server.run('CREATE VIEW slow AS SELECT SLEEP(20) AS s')
    await expect(readAll('slow', { statementTimeoutMs: 300 })).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  test('a long statement is told apart from a lost server', async () => {
    await server.run('CREATE VIEW sleepy AS SELECT SLEEP(1.5) AS s')
    expect((await readAll('sleepy', { idleTimeoutMs: 300 })).rows).toEqual([['0']])
  })

  test('the view is one moment: what commits after it is not read', async () => {
    await server.run('CREATE TABLE moment (id INT PRIMARY KEY)', `INSERT INTO moment SELECT seq FROM ${server.sequence(1000)}`)
    const source = await openMysqlSource({ url: server.url })
    const reading = await source.open(readRequest({ source: 'shop', locator: 'moment', options: {}, columns: undefined }))
    await server.run('DELETE FROM moment WHERE id > 500', 'INSERT INTO moment VALUES (2000)')
    let rows = 0
    for (const partition of reading.partitions) for await (const { batch } of reading.read(partition)) rows += batch.rows
    await source.close()
    expect([reading.expectedRows, rows]).toEqual([1000, 1000])
  })

  test('a table that is altered after the snapshot is said to have changed', async () => {
    await server.run('CREATE TABLE altered (id INT PRIMARY KEY)', 'INSERT INTO altered VALUES (1)')
    const source = await openMysqlSource({ url: server.url, count: 'none' })
    const reading = await source.open(readRequest({ source: 'shop', locator: 'altered', options: {}, columns: undefined }))
    await server.run('ALTER TABLE altered ADD COLUMN more INT, ALGORITHM = COPY')
    const rows = async () => {
      for (const partition of reading.partitions)
        for await (const read of reading.read(partition)) expect(read.batch.rows).toBe(0)
    }
    await expect(rows()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    await source.close()
  })

  test('a server that is none, and asks for a file, gets nothing', async () => {
    let got = ''
    const rogue = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        got += bytes.toString('latin1')
        const sequence = (bytes[3] ?? 0) + 1
        const isLogin = sequence > 1
        const body = isLogin
          ? Buffer.from([0, 0, 0, 2, 0, 0, 0])
          : Buffer.concat([Buffer.from([0xfb]), Buffer.from('/etc/passwd')])
        socket.write(Buffer.concat([Buffer.from([body.length, 0, 0, sequence]), body]))
      })
      const greeting = Buffer.concat([
        Buffer.from([10]),
        Buffer.from('8.0.33\0'),
        Buffer.from([1, 0, 0, 0]),
        Buffer.from('12345678\0'),
        Buffer.from([0xff, 0xf7, 45, 2, 0, 0xff, 0x81, 21]),
        Buffer.alloc(10),
        Buffer.from('123456789012\0mysql_native_password\0'),
      ])
      socket.write(Buffer.concat([Buffer.from([greeting.length, 0, 0, 0]), greeting]))
    })
    await new Promise<void>((resolve) => rogue.listen(0, '127.0.0.1', resolve))
    const address = rogue.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const source = await openMysqlSource({ url: `mysql://u:p@127.0.0.1:${port}/d`, connectTimeoutMs: 2000, idleTimeoutMs: 500 })
    await expect(source.check()).rejects.toThrow()
    expect(got).toContain('SELECT VERSION()')
    expect(got).not.toContain('root:')
    rogue.close()
  })

  test('random integers and decimals arrive as the server writes them', async () => {
    await server.run('CREATE TABLE random (a BIGINT, b BIGINT UNSIGNED, c DECIMAL(38,12), d DECIMAL(18,3))')
    const digits = (least: bigint, most: bigint) => fc.bigInt({ min: least, max: most })
    const scaled = (value: bigint, scale: number) => {
      const text = String(value < 0n ? -value : value).padStart(scale + 1, '0')
      return `${value < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`
    }
    const row = fc.tuple(
      digits(-(2n ** 63n), 2n ** 63n - 1n),
      digits(0n, 2n ** 64n - 1n),
      digits(-(10n ** 38n) + 1n, 10n ** 38n - 1n),
      digits(-(10n ** 18n) + 1n, 10n ** 18n - 1n),
    )
    const property = fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 200 }), async (values) => {
      const written = values.map(([a, b, c, d]) => [String(a), String(b), scaled(c, 12), scaled(d, 3)])
      await server.run(
        'TRUNCATE random',
        `INSERT INTO random VALUES ${written.map((cells) => `(${cells.join(', ')})`).join(', ')}`,
      )
      const { rows } = await readAll('random')
      expect(rows.map((cells) => cells.join())).toEqual(written.map((cells) => cells.join()))
    })
    await fc.assert(property, { numRuns: 25 })
  })
})
