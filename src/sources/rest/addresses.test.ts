import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isPrivateAddress, publicLookup, refusePrivateHost } from './addresses.ts'

const inside = [
  '127.0.0.1',
  '10.255.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  'fd00::1',
  'fe80::1',
  'ff02::1',
]
test.each(inside)('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true)
  expect(() => refusePrivateHost(address.includes(':') ? `[${address}]` : address)).toThrow(/a private address/)
})

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '192.169.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
  '%s is not',
  (address) => {
    expect(isPrivateAddress(address)).toBe(false)
    expect(() => refusePrivateHost(address)).not.toThrow()
  },
)

describe('the look-up of a connection', () => {
  const lookup = promisify(publicLookup)

  test('refuses a name that leads to this host, whatever its other addresses', async () => {
    await expect(lookup('localhost', { all: true })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      details: { host: 'localhost' },
    })
  })

  test('passes on that there is no such name', async () => {
    await expect(lookup('no-such-host.invalid', {})).rejects.toMatchObject({ code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) })
  })
})
