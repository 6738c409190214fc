import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What can go wrong on the way: the connection ends in peace (`cut`), with a reset (`reset`), stays open and silent
 * (`stall`), goes on slowly (`slow`), or one bit of a byte changes (`corrupt`).
 */
export type FaultKind = 'cut' | 'reset' | 'stall' | 'slow' | 'corrupt'

/** Which way bytes go. */
export type Direction = 'to-client' | 'to-server'

/** One thing that goes wrong, once. */
export interface Fault {
  readonly kind: FaultKind
  readonly direction: Direction
  /** So many bytes of this direction, counted over all connections since the fault was set, arrive before it. */
  readonly afterBytes: number
}

/** Between whom the proxy stands. */
export interface FaultyProxyOptions {
  /** Where the server listens. */
  readonly target: { readonly host: string; readonly port: number }
  /** Where the proxy listens; by default at a free port of 127.0.0.1. */
  readonly listen?: { readonly host?: string; readonly port?: number }
  /** Further ports, with the same numbers on both sides, such as those of an FTP server's data connections. */
  readonly samePorts?: readonly number[]
}

/** A TCP proxy that does what it is told to do wrong. */
export interface FaultyProxy {
  readonly host: string
  readonly port: number
  /** Whether the fault that was set last has happened. */
  readonly hasFired: boolean
  /** The bytes that went this way since the last fault was set. */
  passed(direction: Direction): number
  /** What goes wrong next, in the open connections or later ones; undefined: nothing. It counts from here. */
  set(fault: Fault | undefined): void
  /** Ends every connection and listens no more. */
  close(): Promise<void>
}

const slowBytes = 4096
const slowPauseMs = 10

/** Opens a proxy that passes everything until a fault is set. */
export async function openFaultyProxy(options: FaultyProxyOptions): Promise<FaultyProxy> {
  const { target, listen = {}, samePorts = [] } = options
  const host = listen.host ?? '127.0.0.1'
  const way = new Way()
  const servers = [await listening(host, listen.port ?? 0, (client) => way.join(client, target.host, target.port))]
  for (const port of samePorts) servers.push(await listening(host, port, (client) => way.join(client, target.host, port)))
  return {
    host,
    port: portOf(servers[0]),
    get hasFired() {
      return way.hasFired
    },
    passed: (direction) => way.passed[direction],
    set: (fault) => way.set(fault),
    async close() {
      way.close()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** A fault of one of these kinds, the same for the same seed: within the first `reach` bytes of a direction. */
export function seededFault(
  seed: number,
  kinds: readonly FaultKind[],
  reach: Readonly<Record<Direction, number>>,
): Fault & { readonly seed: number } {
  const random = mulberry32(seed)
  const kind = kinds[Math.floor(random() * kinds.length)] ?? 'cut'
  const direction = random() < 0.75 ? 'to-client' : 'to-server'
  return { seed, kind, direction, afterBytes: Math.floor(random() * reach[direction]) }
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Once it was cut or stalled, nothing passes. */
  isDead: boolean
  slowed: Direction | undefined
}

/** All connections together, and the one fault that waits for its byte. */
class Way {
  readonly passed: Record<Direction, number> = { 'to-client': 0, 'to-server': 0 }
  readonly #links = new Set<Link>()
  #fault: Fault | undefined
  hasFired = false

  set(fault: Fault | undefined): void {
    this.#fault = fault
    this.hasFired = false
    this.passed['to-client'] = 0
    this.passed['to-server'] = 0
  }

  join(client: Socket, host: string, port: number): void {
    const server = connect({ host, port, allowHalfOpen: true })
    const link: Link = { client, server, isDead: false, slowed: undefined }
    this.#links.add(link)
    for (const [from, to, direction] of [
      [client, server, 'to-server'],
      [server, client, 'to-client'],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (bytes) => this.#forward(link, from, to, bytes, direction))
      from.on('end', () => !link.isDead && to.end())
      from.on('error', () => !link.isDead && to.destroy())
      from.on('close', () => client.destroyed && server.destroyed && this.#links.delete(link))
    }
  }

  close(): void {
    for (const { client, server } of this.#links) {
      client.destroy()
      server.destroy()
    }
  }

  #forward(link: Link, from: Socket, to: Socket, bytes: Buffer, direction: Direction): void {
    if (link.isDead) return
    const room = this.#room(direction)
    this.passed[direction] += bytes.length
    if (room >= bytes.length) this.#write(link, from, to, bytes, direction)
    else this.#fire(link, from, to, { bytes, room, direction })
  }

  /** How many more bytes pass before the fault. */
  #room(direction: Direction): number {
    const fault = this.#fault
    if (fault === undefined || this.hasFired || fault.direction !== direction) return Number.POSITIVE_INFINITY
    return Math.max(0, fault.afterBytes - this.passed[direction])
  }

  #fire(link: Link, from: Socket, to: Socket, hit: { bytes: Buffer; room: number; direction: Direction }): void {
    const { bytes, room, direction } = hit
    this.hasFired = true
    if (this.#fault?.kind === 'slow') {
      link.slowed = direction
      this.#write(link, from, to, bytes, direction)
    } else if (this.#fault?.kind === 'corrupt') {
      bytes[room] = (bytes[room] ?? 0) ^ 1
      this.#write(link, from, to, bytes, direction)
    } else {
      link.isDead = true
      to.write(bytes.subarray(0, room), () => this.#kill(link))
    }
  }

  #kill({ client, server }: Link): void {
    if (this.#fault?.kind === 'stall') {
      client.pause()
      server.pause()
    } else if (this.#fault?.kind === 'reset') {
      client.resetAndDestroy()
      server.resetAndDestroy()
    } else {
      client.end()
      server.end()
    }
  }

  #write(link: Link, from: Socket, to: Socket, bytes: Buffer, direction: Direction): void {
    if (link.slowed === direction) this.#writeSlowly(from, to, bytes)
    else if (!to.write(bytes)) {
      from.pause()
      to.once('drain', () => !link.isDead && from.resume())
    }
  }

  #writeSlowly(from: Socket, to: Socket, bytes: Buffer): void {
    from.pause()
    to.write(bytes.subarray(0, slowBytes))
    setTimeout(() => {
      if (bytes.length > slowBytes) this.#writeSlowly(from, to, bytes.subarray(slowBytes))
      else from.resume()
    }, slowPauseMs)
  }
}

function listening(host: string, port: number, join: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, join)
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

function portOf(server: Server | undefined): number {
  const address = server?.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
