import { type LookupAddress, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { SluiceError } from '../../errors.ts'

/** This host, private networks, link-local ones with the clouds' metadata services, and what leads to any of them. */
const privateAddresses = new BlockList()
const subnets: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
]
for (const [net, prefix] of subnets) privateAddresses.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4')

/** Whether an address belongs to this host or a private network; an IPv4 address inside an IPv6 one counts as itself. */
export function isPrivateAddress(address: string): boolean {
  return privateAddresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** Refuses a host that is written as a private address: no look-up takes place for it. */
export function refusePrivateHost(host: string): void {
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && isPrivateAddress(address)) throw privateAddress(host, address)
}

/** Looks a name up when the connection is made, and refuses it when any of its addresses is private. */
export const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '')
    const found = addresses.find(({ address }) => isPrivateAddress(address))
    if (found) return callback(privateAddress(host, found.address), '')
    answer(addresses, options.all === true, callback)
  })
}

function answer(addresses: readonly LookupAddress[], isForAll: boolean, callback: Parameters<LookupFunction>[2]): void {
  if (isForAll) callback(null, [...addresses])
  else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
}

function privateAddress(host: string, address: string): SluiceError {
  const what = host.replace(/^\[|\]$/g, '') === address ? `${host} is` : `${host} is at ${address},`
  return new SluiceError('SOURCE_FAILED', `${what} a private address; no connection was made.`, {
    hint: 'If the API is meant to be in your own network, set allowPrivate: true on its connection.',
    details: { host, address },
  })
}
