import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { packageRoot, packageVersion } from './package-version.ts'

/** The projects that `sluice init` knows, and where the package keeps them. */
const templates = { retail: 'examples/retail', empty: 'templates/empty' } as const

export type Template = keyof typeof templates

/** What a project makes while it runs is no part of a template. */
const leftOut = new Set(['data', 'log', '.env', 'node_modules'])

/**
 * Writes a new project into a folder that is not there yet or is empty. The running package is linked into it, so that
 * it works before `npm install`. USAGE when the folder has something in it, LOCAL_IO when it cannot be written.
 */
export async function scaffold(folder: string, template: Template): Promise<void> {
  await refuseUsed(folder)
  await writeProject(folder, template).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The project ${folder} could not be written.`, {
      hint: 'Look at the free space of the disk and at the rights of the folder above, remove what was written, and try again.',
      details: { folder },
      cause,
    })
  })
}

async function writeProject(folder: string, template: Template): Promise<void> {
  const name = packageName(basename(folder))
  await mkdir(folder, { recursive: true })
  const from = join(packageRoot(), templates[template])
  for (const entry of await readdir(from)) {
    if (!leftOut.has(entry)) await cp(join(from, entry), join(folder, entry), { recursive: true })
  }
  const config = join(folder, 'sluice.config.ts')
  await writeFile(config, (await readFile(config, 'utf8')).replace('PROJECT_NAME', name))
  await cp(join(folder, '.env.example'), join(folder, '.env'))
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(packageJson(name, template), null, 2)}\n`)
  await writeFile(join(folder, 'tsconfig.json'), `${JSON.stringify(tsconfig, null, 2)}\n`)
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n.env\ndata/\nlog/\n')
  await linkPackage(folder)
}

async function refuseUsed(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  const entries = await readdir(folder).catch(() => undefined)
  if (entries?.length === 0) return
  throw new SluiceError('USAGE', `${folder} is there already, and it is no empty folder.`, {
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

function packageJson(name: string, template: Template): object {
  const types = { '@types/node': '^24.0.0', typescript: '^7.0.0' }
  const common = { name, private: true, type: 'module' }
  const scripts = { types: 'tsc --noEmit', test: 'node --test' }
  const dependencies = { 'sluice-etl': packageSource() }
  if (template === 'empty') return { ...common, scripts, dependencies, devDependencies: types }
  return {
    ...common,
    scripts: { ...scripts, demo: 'node demo/demo.ts' },
    // The native parts of ssh2 are not needed.
    allowScripts: { ssh2: false, 'cpu-features': false },
    dependencies: { ...dependencies, ssh2: '^1.17.0' },
    devDependencies: { ...types, '@duckdb/node-api': '^1.5.6-r.1', '@types/ssh2': '^1.15.0', 'cli-table3': '^0.6.5' },
  }
}

/** What `npm install` takes: the version where the package was installed, the folder itself where it is a checkout. */
function packageSource(): string {
  const root = packageRoot()
  return basename(dirname(root)) === 'node_modules' ? `^${packageVersion()}` : `file:${root}`
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
