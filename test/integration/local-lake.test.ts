import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Lake } from '../../src/contracts/lake.ts'
import { openLocalLake } from '../../src/lakes/local.ts'
import { lakeCases } from '../../src/testing/lake-cases.ts'

let folder: string
let lake: Lake

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-lake-'))
  lake = await openLocalLake({ path: join(folder, 'data', 'lake') })
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the contract of a lake', () => {
  const cases = lakeCases({
    async prepare() {
      const own = await mkdtemp(join(folder, 'case-'))
      return { lake: await openLocalLake({ path: join(own, 'lake') }), close: async () => {} }
    },
  })
  for (const contractCase of cases) test(contractCase.name, () => contractCase.run())
})

describe('a lake in a local folder', () => {
  test('opening one touches no file', async () => {
    expect(await readdir(folder)).toEqual([])
  })

  test('a taken path is refused before anything is written', async () => {
    await put('x', 'first')
    await expect(lake.create('x')).rejects.toMatchObject({ code: 'LOCAL_IO', details: { path: lake.locate('x').path } })
  })

  test.skipIf(process.platform === 'win32')('a write that failed half-way and was swallowed is not committed', async () => {
    const said = await inChild(
      `const writer = await lake.create('cut')
       const codes = []
       await writer.write([Buffer.alloc(150_000), Buffer.alloc(150_000)]).catch((error) => codes.push(error.code))
       await writer.commit().catch((error) => codes.push(error.code))
       await writer.abort()
       console.log(codes.join())`,
      // Files end at 200 kB, as if the disk were full.
      ['bash', '-c', `trap '' XFSZ; ulimit -f 200; exec "$@"`, 'bash'],
    )
    expect(said).toBe('LOCAL_IO,LOCAL_IO')
    expect(await listed()).toEqual([])
    expect(await readdir(join(folder, 'data', 'lake', '.unfinished'))).toEqual([])
  })

  test('what is not a file of the lake is not listed', async () => {
    await put('sales/1', 'one')
    const root = join(folder, 'data', 'lake')
    await writeFile(join(root, 'sales', '.DS_Store'), 'of the desktop')
    await symlink(join(root, 'sales', '1'), join(root, 'sales', 'link'))
    await mkdir(join(root, 'empty'))
    expect(await listed()).toEqual([{ path: 'sales/1', bytes: 3 }])
  })

  test('the folder of unfinished files cannot be reached by a path', async () => {
    await expect(lake.create('.unfinished/x')).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(() => lake.locate('a\\..\\b')).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })

  test('removing the last file of a folder removes the folder, never the lake', async () => {
    await put('sales/2025-03-01/1', 'one')
    await put('sales/2025-03-02/1', 'one')
    await lake.remove(['sales/2025-03-01/1'])
    expect(await readdir(join(folder, 'data', 'lake', 'sales'))).toEqual(['2025-03-02'])
    await lake.remove(['sales/2025-03-02/1'])
    expect(await readdir(join(folder, 'data', 'lake'))).toEqual(['.unfinished'])
  })

  test('a file that was altered on disk is refused, whatever its size', async () => {
    const stored = await put('x', 'good')
    await writeFile(lake.locate('x').path, 'evil')
    await expect(lake.verify(stored)).rejects.toMatchObject({ code: 'STAGED_FILE_ALTERED' })
  })

  test('a folder that cannot be written is LOCAL_IO and says which', async () => {
    await writeFile(join(folder, 'file'), '')
    const blocked = await openLocalLake({ path: join(folder, 'file', 'lake') })
    await expect(blocked.create('x')).rejects.toMatchObject({ code: 'LOCAL_IO', message: expect.stringContaining('file/lake/x') })
    await expect(blocked.check()).rejects.toMatchObject({ code: 'LOCAL_IO' })
  })

  test('a commit that fails leaves the path absent', async () => {
    const writer = await lake.create('blocked/x')
    await writer.write([Buffer.from('x')])
    await writeFile(join(folder, 'data', 'lake', 'blocked'), 'a file where the folder should be')
    await expect(writer.commit()).rejects.toMatchObject({ code: 'LOCAL_IO' })
    await expect(writer.commit()).rejects.toMatchObject({ code: 'LOCAL_IO' })
    await writer.abort()
    expect(await readdir(join(folder, 'data', 'lake', '.unfinished'))).toEqual([])
  })

  test('what a killed process left a day ago is swept, younger files are not', async () => {
    await put('x', 'x')
    const unfinished = join(folder, 'data', 'lake', '.unfinished')
    await writeFile(join(unfinished, 'old'), '')
    await writeFile(join(unfinished, 'young'), '')
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    await utimes(join(unfinished, 'old'), twoDaysAgo, twoDaysAgo)
    const later = await openLocalLake({ path: join(folder, 'data', 'lake') })
    await (await later.create('y')).abort()
    expect(await readdir(unfinished)).toEqual(['young'])
  })

  test('a process killed while it writes leaves no file under the path', async () => {
    await inChild(
      `const writer = await lake.create('sales/part')
       await writer.write([Buffer.alloc(1_000_000)])
       console.log('written')
       setInterval(() => writer, 1000)`,
    )
    expect(await listed()).toEqual([])
    await put('sales/part', 'by the next run')
    expect(await readFile(lake.locate('sales/part').path, 'utf8')).toBe('by the next run')
  })
})

/** Runs a script on the same lake in a process of its own, kills it when it has said something, and tells what. */
async function inChild(script: string, wrapper: readonly string[] = []): Promise<string> {
  const module = JSON.stringify(new URL('../../src/lakes/local.ts', import.meta.url).href)
  const root = JSON.stringify(join(folder, 'data', 'lake'))
  const whole = `const { openLocalLake } = await import(${module}); const lake = await openLocalLake({ path: ${root} }); ${script}`
  const [command = '', ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', whole]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [said] = await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await ended
  return String(said).trim()
}

async function put(path: string, text: string) {
  const writer = await lake.create(path)
  await writer.write([Buffer.from(text)])
  return writer.commit()
}

async function listed() {
  const files = []
  for await (const file of lake.list('')) files.push(file)
  return files
}
