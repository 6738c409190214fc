import { expect, test } from 'vitest'
import { isNetworkType } from './network-file-system.ts'

test('network file systems are known by their type, signed or not', () => {
  for (const type of [0x6969, 0x517b, 0xff534d42, 0xff534d42 | 0, 0xfe534d42, 0xfe534d42 | 0])
    expect(isNetworkType(type)).toBe(true)
  for (const ext4OrTmpfs of [0xef53, 0x01021994]) expect(isNetworkType(ext4OrTmpfs)).toBe(false)
})
