/** Compiles `src/` to `dist/`, from nothing, so that no file of an older build stays behind. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--singleThreaded'], {
  stdio: 'inherit',
})
process.exitCode = result.status ?? 70
