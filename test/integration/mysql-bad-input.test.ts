import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { startMariadb } from '../fixtures/mariadb-server.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import { mysqlResource, partitionRows, readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'
import { config, projectOf } from '../fixtures/sales-project.ts'

let server: MysqlServer

/** Another user's url. */
const as = (user: string) => server.url.replace('admin:admin-secret', `${user}:${user}-secret`)

async function makeUser(name: string, ...grants: readonly string[]) {
  await server.run(
    `CREATE USER ${name}@'127.0.0.1' IDENTIFIED BY '${name}-secret'`,
    ...grants.map((grant) => `GRANT ${grant} TO ${name}@'127.0.0.1'`),
  )
}

async function notesOf(url: string): Promise<string> {
  const source = await openMysqlSource({ url })
  try {
    return (await source.check()).join('\n')
  } finally {
    await source.close()
  }
}

describeMysql('%s', (product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'Asia/Kolkata' })
    await server.run(
      'CREATE TABLE sales (id INT PRIMARY KEY, changed_at DATETIME NOT NULL, day DATE, KEY (day))',
      `INSERT INTO sales SELECT seq, '2025-01-01', '2025-01-01' FROM ${server.sequence(20_000)}`,
      'ANALYZE TABLE sales',
    )
  })

  afterAll(() => server?.stop())

  test('check tells rights, zone and snapshots', async () => {
    const admin = await notesOf(server.url)
    expect(admin).toContain("The server's own zone is 330 minutes off UTC")
    expect(admin).toContain('by a short lock of the table')
    expect(admin).not.toContain('PROCESS')
    await makeUser('poor', 'SELECT ON shop.*')
    const poor = await notesOf(as('poor'))
    expect(poor).toContain("No horizon can be proven without the right PROCESS: GRANT PROCESS ON *.* TO 'poor'@'<host>'.")
    const right = product === 'MariaDB' ? 'SLAVE MONITOR' : 'REPLICATION CLIENT'
    expect(poor).toContain(`Whether the server is a replica is not to be seen: GRANT ${right} ON *.* TO 'poor'@'<host>'.`)
  })

  test('check of a project passes on what a source has to say', async () => {
    const text = config
      .replace("sqlite({ path: env('SHOP_DB') })", "mysql({ url: secret('SHOP_URL') })")
      .replace('project, sqlite,', 'mysql, project, secret,')
    const project = await projectOf({ 'sluice.config.ts': text }, { SHOP_URL: server.url, DROP_DIR: 'drop' })
    const shop = (await project.check()).find(({ name }) => name === 'source shop')
    expect(shop).toMatchObject({ ok: true, exitCode: 0 })
    expect(shop?.notes.join()).toContain("The server's own zone is 330 minutes off UTC")
  })

  test('a login, a database and a charset that are wrong', async () => {
    const refused = (url: string) => expect(notesOf(url)).rejects
    await refused(as('nobody')).toMatchObject({
      code: 'SOURCE_DENIED',
      message: expect.stringContaining('refused the login of nobody'),
    })
    await refused(server.url.replace('/shop', '/nix')).toMatchObject({ message: expect.stringContaining('has no database nix') })
    await refused(`${server.url}?charset=klingon`).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'The url of a MySQL source says charset, which is none of ssl-mode, ssl-ca.',
    })
    await expect(
      readMysql(server.url, 'q', { options: { sql: "SELECT CONVERT('a' USING klingon) AS a" } }),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining("Unknown character set: 'klingon'"),
    })
  })

  test('a right that is missing is named: on a table, and on a column', async () => {
    await server.run('CREATE TABLE closed (id INT)')
    await makeUser('partly', 'SELECT ON shop.sales', 'SELECT (id) ON shop.closed')
    await makeUser('other', 'SELECT ON shop.sales')
    const denied = { code: 'SOURCE_DENIED', hint: expect.stringContaining('GRANT SELECT, SHOW VIEW ON `shop`.*') }
    await expect(readMysql(as('other'), 'closed')).rejects.toMatchObject(denied)
    await server.run('ALTER TABLE closed ADD COLUMN secret INT')
    await expect(readMysql(as('partly'), 'closed')).rejects.toMatchObject(denied)
    expect((await readMysql(as('partly'), 'closed', { options: { select: ['id'] } })).names).toEqual(['id'])
  })

  test('a cursor without an index is said to be slow, with the statement that helps', async () => {
    const cursor = (column: string) => ({ cursor: { column, overlap: 0, nulls: 'exclude' as const } })
    const slow = await readMysql(server.url, 'sales', cursor('changed_at'))
    const statement = 'CREATE INDEX `changed_at_cursor` ON `shop`.`sales` (`changed_at`)'
    expect(slow.notices.join()).toContain(
      `No index begins with the cursor changed_at, so each run reads all of sales. It helps to run: ${statement}`,
    )
    expect((await readMysql(server.url, 'sales', cursor('day'))).notices.join()).not.toContain('CREATE INDEX')
    await server.run(statement)
    expect((await readMysql(server.url, 'sales', cursor('changed_at'))).notices.join()).not.toContain('CREATE INDEX')
  })

  test('an engine without snapshots is said', async () => {
    await server.run('CREATE TABLE loose (id INT) ENGINE = MyISAM', 'INSERT INTO loose VALUES (1)')
    const { rows, notices } = await readMysql(server.url, 'loose')
    expect([rows, notices.join()]).toEqual([
      [['1']],
      expect.stringContaining('loose is stored by MyISAM, which shows no snapshot'),
    ])
    expect((await readMysql(server.url, 'sales')).notices).toEqual([])
  })

  /** By a function that fails as the server does. */
  test.each([
    [1213, 'SOURCE_UNREACHABLE'],
    [1205, 'SOURCE_UNREACHABLE'],
    [1317, 'SOURCE_UNREACHABLE'],
    [1226, 'SOURCE_UNREACHABLE'],
    [1412, 'SOURCE_CHANGED'],
    [1142, 'SOURCE_DENIED'],
    [1146, 'RESOURCE_NOT_FOUND'],
    [1690, 'SOURCE_FAILED'],
  ])('an error %i of the server while it reads is %s', async (number, code) => {
    await server.run(
      'DROP FUNCTION IF EXISTS fail',
      `CREATE FUNCTION fail(n INT) RETURNS INT DETERMINISTIC NO SQL BEGIN IF n > 15000 THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ${number}, MESSAGE_TEXT = 'as told'; END IF; RETURN n; END`,
    )
    const sql = 'SELECT fail(id) AS n FROM sales ORDER BY id'
    await expect(readMysql(server.url, 'failing', { options: { sql } })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('as told'),
    })
  })

  test('a password of every kind, with and without TLS', async () => {
    const plugins = product === 'MariaDB' ? ['mysql_native_password'] : ['mysql_native_password', 'caching_sha2_password']
    for (const plugin of plugins) {
      const by = product === 'MariaDB' ? `VIA ${plugin} USING PASSWORD('p%w')` : `WITH ${plugin} BY 'p%w'`
      await server.run('DROP USER IF EXISTS u', `CREATE USER u IDENTIFIED ${by}`, 'GRANT SELECT ON shop.* TO u')
      const url = `mysql://u:p%25w@127.0.0.1:${server.port}/shop`
      // The first login of caching_sha2_password is another one than those that follow.
      for (const tls of [
        '?ssl-mode=disabled',
        '',
        `?ssl-mode=verify-identity&ssl-ca=${server.certificateFile}`,
        '?ssl-mode=required',
      ]) {
        await notesOf(`${url}${tls}`)
      }
      await server.run('ALTER USER u REQUIRE SSL')
      await expect(notesOf(url)).rejects.toMatchObject({ code: 'SOURCE_DENIED' })
      await notesOf(`${url}?ssl-mode=required`)
      await expect(notesOf(url.replace('p%25w', 'x'))).rejects.toMatchObject({ code: 'SOURCE_DENIED' })
    }
  })

  test('a server that goes in the middle is an error, and can be read when it is there again', async () => {
    await server.run(
      'CREATE TABLE wide (id INT PRIMARY KEY, filler VARCHAR(1000))',
      `INSERT INTO wide SELECT seq, REPEAT('x', 1000) FROM ${server.sequence(60_000)}`,
    )
    const source = await openMysqlSource({ url: server.url })
    const reading = await source.open(readRequest(mysqlResource('wide')))
    const read = async () => {
      let isFirst = true
      for (const partition of reading.partitions) {
        for await (const { batch } of reading.read(partition)) {
          expect(batch.rows).toBeGreaterThan(0)
          if (isFirst) await server.halt()
          isFirst = false
        }
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await expect(source.open(readRequest(mysqlResource('wide')))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await server.start()
    const again = await source.open(readRequest(mysqlResource('sales')))
    const [partition] = again.partitions
    expect(partition && (await partitionRows(again, partition)).rows).toHaveLength(20_000)
    await source.close()
  })
})

describeWith(['mariadb'], 'MariaDB with other options', () => {
  test('a server that is too old is refused, and one without TLS when it is asked for', async () => {
    const old = await startMariadb({ options: ['--version=5.5.5-10.2.44-MariaDB', '--skip-ssl'] })
    try {
      await expect(notesOf(old.url)).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringMatching(/is 5\.5\.5-10\.2\.44-MariaDB.*, which is too old to be read\.$/),
        hint: 'Use MariaDB 10.3 or later.',
      })
      await expect(notesOf(`${old.url}?ssl-mode=required`)).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringContaining('offers no connection that can be trusted'),
      })
    } finally {
      await old.stop()
    }
  })
})
