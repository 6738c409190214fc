import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'
import { makeShop, smallEnvironment, smallShop } from '../fixtures/small-shop.ts'

const onSqlite = smallShop['sluice.config.ts'] ?? ''
const onPostgres = onSqlite
  .replace('sqliteControl }', 'postgresControl, secret }')
  .replace("sqliteControl('data/control.db')", "postgresControl({ url: secret('CONTROL_URL'), schema: 'team' })")

describeWith(['postgres'], 'a project that moves its control store to Postgres', () => {
  let server: PostgresServer
  let project: CliProject | undefined

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server?.stop())

  afterEach(() => project?.remove())

  test('goes on where it stood, and shows no password', async () => {
    project = await cliProject(smallShop)
    makeShop(project.folder)
    const environment = { ...smallEnvironment, CONTROL_URL: server.url }
    const outputs: string[] = []
    const sluice = async (...args: readonly string[]) => {
      const ended = await project?.sluice(args, environment)
      outputs.push(`${ended?.stdout}${ended?.stderr}`)
      return ended
    }
    expect(await sluice('register')).toMatchObject({ exitCode: 0 })
    expect(await sluice('run', '--batch', '2026-11-21')).toMatchObject({ exitCode: 4 })
    const runs = (await sluice('audit', 'runs'))?.stdout
    const moved = await sluice('control', 'move', '--to', server.url, '--schema', 'team')
    expect(moved).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/extraction\s*│?\s*2/) })
    expect(moved?.stdout).toContain("control: postgresControl({ url: secret('CONTROL_URL'), schema: 'team' })")
    const refused = await sluice('run', '--batch', '2026-11-22')
    expect(refused).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('postgresControl(') })
    await project.write({ 'sluice.config.ts': onPostgres })
    expect((await sluice('audit', 'runs'))?.stdout).toBe(runs)
    expect(await sluice('run', '--batch', '2026-11-21')).toMatchObject({ exitCode: 4 })
    expect((await sluice('audit', 'runs'))?.stdout).toBe(runs)
    expect(await sluice('run', '--batch', '2026-11-22')).toMatchObject({ exitCode: 4 })
    expect(await sluice('check')).toMatchObject({ exitCode: 0 })
    expect(await sluice('control', 'move', '--to', server.url)).toMatchObject({ exitCode: 64 })
    await server.run('ALTER ROLE postgres PASSWORD $$another-secret$$')
    expect(await sluice('run', '--batch', '2026-11-23')).toMatchObject({ exitCode: 78 })
    expect(outputs.join('')).not.toContain('postgres-secret')
  })
})
