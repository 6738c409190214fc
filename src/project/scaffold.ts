import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { packageRoot, packageVersion } from './package-version.ts'

/** The projects that `sluice init` knows, and where the package keeps them. */
const templates = { retail: 'examples/retail', empty: 'templates/empty' } as const

export type Template = keyof typeof templates

/** What a project makes while it runs is no part of a template. */
const leftOut = new Set(['data', 'log', '.env', 'node_modules'])

/**
 * Writes a new project into a folder that is not there yet or is empty. The running package is linked into it, so that
 * it works before `npm install`. USAGE when the folder has something in it.
 */
export async function scaffold(folder: string, template: Template): Promise<void> {
  await refuseUsed(folder)
  const name = packageName(basename(folder))
  await mkdir(folder, { recursive: true })
  const from = join(packageRoot(), templates[template])
  for (const entry of await readdir(from)) {
    if (!leftOut.has(entry)) await cp(join(from, entry), join(folder, entry), { recursive: true })
  }
  const config = join(folder, 'sluice.config.ts')
  await writeFile(config, (await readFile(config, 'utf8')).replace('PROJECT_NAME', name))
  await cp(join(folder, '.env.example'), join(folder, '.env'))
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(packageJson(name), null, 2)}\n`)
  await writeFile(join(folder, 'tsconfig.json'), `${JSON.stringify(tsconfig, null, 2)}\n`)
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n.env\ndata/\nlog/\n')
  await linkPackage(folder)
}

async function refuseUsed(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => [])
  if (entries.length === 0) return
  throw new SluiceError('USAGE', `${folder} is there already, and it is not empty.`, {
    hint: 'Name a folder that is not there yet: sluice init my-project',
    details: { folder },
  })
}

function packageName(folder: string): string {
  return (
    folder
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'project'
  )
}

function packageJson(name: string): object {
  return {
    name,
    private: true,
    type: 'module',
    scripts: { types: 'tsc --noEmit', test: 'node --test' },
    dependencies: { 'sluice-etl': `^${packageVersion()}` },
    devDependencies: { '@types/node': '^24.0.0', '@types/ssh2': '^1.15.0', ssh2: '^1.17.0', typescript: '^7.0.0' },
  }
}

const tsconfig = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  exclude: ['node_modules', 'data'],
}

async function linkPackage(folder: string): Promise<void> {
  const require = createRequire(join(folder, 'package.json'))
  try {
    require.resolve('sluice-etl/package.json')
  } catch {
    await mkdir(join(folder, 'node_modules'), { recursive: true })
    if (!existsSync(join(folder, 'node_modules/sluice-etl'))) {
      await symlink(packageRoot(), join(folder, 'node_modules/sluice-etl'), 'junction')
    }
  }
}
