import { expect, test } from 'vitest'
import type { Script, ScriptId } from '../model/script.ts'
import { orderScripts } from './order-scripts.ts'

function script(id: ScriptId, ...dependsOn: ScriptId[]): Script {
  return {
    id,
    dependsOn,
    name: id,
    kind: 'mart',
    description: '',
    frequency: 'daily',
    owner: undefined,
    contentHash: '',
    select: '',
    materialized: 'table',
    balance: undefined,
  }
}

const ids = (scripts: readonly Script[]) => scripts.map(({ id }) => id)

test('what a script depends on comes first, the rest as given', () => {
  const scripts = [script('mart/a', 'mart/c'), script('mart/b'), script('mart/c', 'load/gone')]
  expect(ids(orderScripts(scripts))).toEqual(['mart/b', 'mart/c', 'mart/a'])
})

test('a circle is named without what only leads to it', () => {
  const scripts = [script('mart/a', 'mart/b'), script('mart/b', 'mart/c'), script('mart/c', 'mart/b')]
  expect(() => orderScripts(scripts)).toThrow('circle: mart/b → mart/c → mart/b.')
})
