import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnTypeText } from '../../src/model/column-type.ts'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import { mysqlResource, readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

const read = (locator: string, options: Parameters<typeof mysqlResource>[1] = {}, asked = {}) =>
  readMysql(server.url, locator, { options, ...asked })

const cursor = (column: string) => ({ column, overlap: 0, nulls: 'reject' as const })

/** Types whose canonical type the metadata of a result tells. */
const told = [
  ...['TINYINT', 'TINYINT(1)', 'TINYINT UNSIGNED', 'SMALLINT', 'SMALLINT UNSIGNED', 'MEDIUMINT', 'MEDIUMINT UNSIGNED'],
  ...['INT', 'INT UNSIGNED', 'BIGINT', 'BIGINT UNSIGNED', 'DECIMAL(5,2)', 'DECIMAL(5,2) UNSIGNED', 'DECIMAL(38,0)'],
  ...['DECIMAL(38,10)', 'DECIMAL(65,30)', 'FLOAT', 'DOUBLE', 'BIT(1)', 'BIT(63)', 'BIT(64)', 'DATE', 'DATETIME', 'DATETIME(6)'],
  ...['TIMESTAMP(3) NULL', 'TIME', 'TIME(6)', 'YEAR', 'CHAR(10)', 'VARCHAR(300) CHARACTER SET latin1', 'TINYTEXT', 'TEXT'],
  ...['LONGTEXT', "ENUM('a','b')", "SET('x','y')", 'JSON', 'BINARY(3)', 'VARBINARY(10)', 'BLOB', 'LONGBLOB', 'POINT'],
]
const ofMariadb = ['UUID', 'INET4', 'INET6']

describeMysql('%s', (product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'Asia/Kolkata' })
    await server.run(
      'CREATE TABLE sales (id INT PRIMARY KEY, day DATE NOT NULL, amount DECIMAL(8,2), note VARCHAR(40), secret INT DEFAULT 7 INVISIBLE, doubled INT AS (id * 2) VIRTUAL)',
      "INSERT INTO sales (id, day, amount, note) VALUES (1, '2025-01-01', 1.5, 'a'), (2, '2025-01-02', 2.25, ':batch'), (3, '2025-01-02', NULL, NULL), (4, '2025-01-03', 4, 'it''s')",
      'CREATE VIEW late AS SELECT id, day FROM sales WHERE id > 2',
    )
  })

  afterAll(() => server?.stop())

  test('columns are chosen and left out', async () => {
    expect((await read('sales')).names).toEqual(['id', 'day', 'amount', 'note', 'doubled'])
    const chosen = await read('sales', { select: ['note', 'id'] })
    expect([chosen.names, chosen.rows[3]]).toEqual([
      ['id', 'note'],
      ['4', "it's"],
    ])
    expect((await read('sales', { exclude: ['note', 'day'] })).names).toEqual(['id', 'amount', 'doubled'])
    await expect(read('sales', { select: ['nix'] })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
  })

  test('an invisible column is read where it is named', async () => {
    expect((await read('sales', { select: ['id', 'secret'] })).rows[0]).toEqual(['1', '7'])
  })

  test('the cursor must be among the columns', async () => {
    await expect(read('sales', { exclude: ['day'] }, { cursor: cursor('day') })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message: 'sales.day is the cursor, and not among the columns that are read.',
    })
  })

  test('a condition is joined with the window, and :batch is the date of the batch', async () => {
    const where = "day = :batch OR note = ':batch' OR id = 4 -- or so"
    const asked = { batch: '2025-01-02', cursor: cursor('id'), lower: '2', upper: '4' }
    expect((await read('sales', { where }, { batch: '2025-01-02' })).rows.map(([id]) => id)).toEqual(['2', '3', '4'])
    expect((await read('sales', { where }, asked)).rows.map(([id]) => id)).toEqual(['2', '3'])
    const open = await read('sales', { where: 'id < 4' }, { cursor: cursor('id') })
    expect(open.window).toMatchObject({ next: '3' })
    expect((await read('late', { where: 'id <> 3' })).rows).toEqual([['4', '2025-01-03']])
  })

  test.each(['nothing = 1', 'id = ', 'id = 1) OR (id = 2', 'id = 1 LIMIT 1', 'id = ?'])(
    'the condition %s is refused',
    async (where) => {
      await expect(read('sales', { where })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^The where of sales /),
      })
    },
  )

  test('a query is read with the types of its columns, and not run to find them out', async () => {
    const sql =
      'SELECT s.id, s.amount * 2 AS twice, COUNT(*) AS n, MAX(note) AS note FROM sales s JOIN late l USING (id) WHERE s.day >= :batch GROUP BY s.id ORDER BY s.id; '
    const { rows, names, types } = await read('joined', { sql }, { batch: '2025-01-03' })
    expect(names).toEqual(['id', 'twice', 'n', 'note'])
    expect([types[0], types[2], types[3]]).toEqual(['int32', 'int64', 'text'])
    expect(types[1]).toMatch(/^decimal\(\d+,2\)$/)
    expect(rows).toEqual([['4', '8.00', '1', "it's"]])
    const source = await openMysqlSource({ url: server.url })
    const slept = performance.now()
    const schema = await source.describe(mysqlResource('slow', { sql: 'SELECT SLEEP(30) AS s, id FROM sales' }))
    await source.close()
    expect(schema?.columns.map(({ name }) => name)).toEqual(['s', 'id'])
    expect(performance.now() - slept).toBeLessThan(20_000)
  })

  test('columns are chosen of a query, which has a condition and a cursor too', async () => {
    const options = { sql: 'SELECT id, day, note FROM sales # all', select: ['id'], where: 'id <> 2' }
    const { rows, names, window } = await read('q', options, { cursor: cursor('id'), lower: '2' })
    expect([names, rows, window?.next]).toEqual([['id'], [['3'], ['4']], '4'])
  })

  test.each([
    ['SELEC 1', /is refused by the server: .*SQL syntax/],
    ['SELECT nix FROM sales', /is refused by the server: .*nix/],
    ['SELECT * FROM nowhere', /is refused by the server: .*nowhere/],
    ['SELECT 1; SELECT 2', /is refused by the server/],
    ['SELECT 1) AS q; DROP TABLE sales; SELECT * FROM (SELECT 1', /is refused by the server/],
    ['SELECT id, id FROM sales', /is refused by the server: .*[Dd]uplicate/],
    ['DELETE FROM sales', /is refused by the server: .*READ ONLY/],
    ['SELECT * FROM sales WHERE id = ?', /has placeholders/],
    ['SHOW TABLES', /is refused by the server/],
    ['SELECT nix(1)', /is refused by the server/],
  ])('the query %s is refused', async (sql, message) => {
    await expect(read('mine', { sql })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
    expect(await server.run('SELECT COUNT(*) FROM sales')).toEqual([['4']])
  })

  test('what gives no rows is refused before anything is read', async () => {
    const source = await openMysqlSource({ url: server.url })
    const resource = mysqlResource('mine', { sql: 'DELETE FROM sales' })
    await expect(source.describe(resource)).rejects.toMatchObject({
      message: 'The SQL of mine gives no rows, or has placeholders.',
    })
    await source.close()
    expect(await server.run('SELECT COUNT(*) FROM sales')).toEqual([['4']])
  })

  test('a query has the types that the catalogue has', async () => {
    const types = product === 'MariaDB' ? [...told, ...ofMariadb] : told
    const declared = types.map((type, index) => `c${index} ${type}`)
    await server.run(`CREATE TABLE told (${declared.join(', ')}, filled VARCHAR(3) NOT NULL)`)
    const source = await openMysqlSource({ url: server.url, tinyint1: 'boolean' })
    const shown = async (options: object) => {
      const schema = await source.describe(mysqlResource('told', options))
      return schema?.columns.map(({ name, type, nullable }) => [types[Number(name.slice(1))], columnTypeText(type), nullable])
    }
    expect(await shown({ sql: 'SELECT * FROM told' })).toEqual(await shown({}))
    await source.close()
  })
})
