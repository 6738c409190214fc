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
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      // What it means is seen where its bytes are passed on.
      socket.on('error', () => {})
      socket.on('close', () => client.destroyed && server.destroyed && this.#links.delete(link))
    }
    void this.#pass(link, client, server, 'to-server')
    void this.#pass(link, server, client, 'to-client')
  }

  close(): void {
    for (const { client, server } of this.#links) {
      client.destroy()
      server.destroy()
    }
  }

  async #pass(link: Link, from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      // Not destroyed at its end: the other direction may go on.
      for await (const bytes of from.iterator({ destroyOnReturn: false })) {
        if (link.isDead) return
        await this.#forward(link, to, bytes, direction)
      }
      if (!link.isDead) to.end()
    } catch {
      // One side broke, and so does the other; a dead link keeps what it has.
      if (link.isDead) return
      from.destroy()
      to.destroy()
    }
  }

  async #forward(link: Link, to: Socket, bytes: Buffer, direction: Direction): Promise<void> {
    const fault = this.#fault
    const room = fault?.direction === direction ? fault.afterBytes - this.passed[direction] : Number.POSITIVE_INFINITY
    this.passed[direction] += bytes.length
    if (fault === undefined || this.hasFired || room >= bytes.length) return this.#write(link, to, bytes, direction)
    this.hasFired = true
    if (fault.kind === 'slow') link.slowed = direction
    else if (fault.kind === 'corrupt') bytes[room] = (bytes[room] ?? 0) ^ 1
    else return this.#end(link, to, bytes.subarray(0, room), fault.kind)
    await this.#write(link, to, bytes, direction)
  }

  async #write({ slowed }: Link, to: Socket, bytes: Buffer, direction: Direction): Promise<void> {
    if (slowed !== direction) return written(to, bytes)
    for (let from = 0; from < bytes.length; from += slowBytes) {
      await written(to, bytes.subarray(from, from + slowBytes))
      await new Promise((resolve) => setTimeout(resolve, slowPauseMs))
    }
  }

  async #end(link: Link, to: Socket, last: Buffer, kind: 'cut' | 'reset' | 'stall'): Promise<void> {
    link.isDead = true
    if (last.length > 0) await written(to, last)
    for (const socket of [link.client, link.server]) {
      if (kind === 'cut') socket.end()
      else if (kind === 'reset') socket.resetAndDestroy()
      else socket.pause()
    }
  }
}

/** Resolves when the system has taken the bytes. */
function written(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => to.write(bytes, (error) => (error ? reject(error) : resolve())))
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
