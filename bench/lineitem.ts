import { BatchBuilder } from '../src/columnar/batch-builder.ts'
import type { ColumnBatch } from '../src/model/column-batch.ts'
import type { Column } from '../src/model/schema.ts'

const amount = { kind: 'decimal', precision: 15, scale: 2 } as const
const types = {
  l_orderkey: { kind: 'int64' },
  l_partkey: { kind: 'int64' },
  l_suppkey: { kind: 'int64' },
  l_linenumber: { kind: 'int32' },
  l_quantity: amount,
  l_extendedprice: amount,
  l_discount: amount,
  l_tax: amount,
  l_returnflag: { kind: 'text' },
  l_linestatus: { kind: 'text' },
  l_shipdate: { kind: 'date' },
  l_commitdate: { kind: 'date' },
  l_receiptdate: { kind: 'date' },
  l_shipinstruct: { kind: 'text' },
  l_shipmode: { kind: 'text' },
  l_comment: { kind: 'text' },
} as const

/** The 16 columns of TPC-H's lineitem. */
export const lineitemColumns: readonly Column[] = Object.entries(types).map(([name, type]) => ({ name, type, nullable: true }))

export interface Lineitem {
  /** The rows, in batches as a source would bring them; a batch is good until the next is asked for. */
  batches(): Iterable<ColumnBatch>
  /** What a reader of the file must find. */
  readonly rows: number
  readonly sumOfOrderKeys: bigint
  readonly sumOfPrices: bigint
}

const batchRows = 16_384
const poolBatches = 16

/**
 * `rows` rows of the shape of lineitem at scale 0.5, from a fixed seed.
 *
 * Only 262,144 rows are made, before the first is asked for, and given again and again with the order keys counted on:
 * so making them costs the writer's time nothing, and their memory stays the same for any number of rows.
 * The writer gains nothing from the repetition: its pages have 32,768 rows, and the columns of which a row group has
 * more than 65,536 different values or 1 MB of text are repeated too late for its dictionaries.
 */
export function lineitem(rows: number): Lineitem {
  const random = mulberry32(20_260_101)
  const orders: Orders = { key: 1, line: 0, lines: 0 }
  const prices: bigint[] = []
  const pool = Array.from({ length: poolBatches }, () => lineitemBatch(random, orders, prices))
  const keysOfRound = BigInt(orders.key + 32)
  const totals = sums(pool, prices, rows, keysOfRound)
  return { rows, ...totals, batches: () => cycled(pool, rows, keysOfRound) }
}

function* cycled(pool: readonly ColumnBatch[], rows: number, keysOfRound: bigint): Generator<ColumnBatch> {
  const firstKeys = pool.map((batch) => Uint8Array.from(orderKeys(batch)))
  let left = rows
  for (let round = 0n; left > 0; round++) {
    for (const [index, batch] of pool.entries()) {
      const keys = longs(orderKeys(batch))
      const first = longs(firstKeys[index] ?? new Uint8Array())
      first.forEach((key, row) => {
        keys[row] = key + round * keysOfRound
      })
      if (left <= batch.rows) {
        if (left > 0) yield beginning(batch, left)
        return
      }
      left -= batch.rows
      yield batch
    }
  }
}

function orderKeys(batch: ColumnBatch): Uint8Array {
  return batch.columns[0]?.values ?? new Uint8Array()
}

function longs(bytes: Uint8Array): BigInt64Array {
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3)
}

/** The first rows of a batch without NULLs. */
function beginning(batch: ColumnBatch, rows: number): ColumnBatch {
  const columns = batch.columns.map((vector) => ({
    ...vector,
    values: vector.values.subarray(0, bytesOf(vector, batch.rows, rows)),
  }))
  return { rows, columns }
}

function bytesOf({ type, values }: ColumnBatch['columns'][number], all: number, rows: number): number {
  if (type.kind !== 'text') return (values.length / all) * rows
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.length)
  let at = 0
  for (let row = 0; row < rows; row++) at += 4 + bytes.readUInt32LE(at)
  return at
}

function sums(pool: readonly ColumnBatch[], prices: readonly bigint[], rows: number, keysOfRound: bigint) {
  const keys = pool.flatMap((batch) => [...longs(orderKeys(batch))])
  let sumOfOrderKeys = 0n
  let sumOfPrices = 0n
  keys.forEach((key, index) => {
    const rounds = BigInt(Math.floor(rows / keys.length) + (index < rows % keys.length ? 1 : 0))
    sumOfOrderKeys += rounds * key + ((rounds * (rounds - 1n)) / 2n) * keysOfRound
    sumOfPrices += rounds * (prices[index] ?? 0n)
  })
  return { sumOfOrderKeys, sumOfPrices }
}

interface Orders {
  key: number
  line: number
  lines: number
}

const instructions = ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN']
const modes = ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB']
const words = (
  'foxes ideas theodolites pinto beans instructions dependencies excuses platelets asymptotes courts dolphins multipliers ' +
  'sauternes warthogs frets dinos attainments somas braids hockey players sleep wake are cajole haggle nag use boost affix ' +
  'detect integrate maintain nod was lose sublate solve thrash promise engage furious sly careful blithe quick fluffy slow ' +
  'quiet ruthless thin close dogged daring brave stealthy permanent enticing idle busy regular final ironic even bold silent ' +
  'sometimes always never furiously slyly carefully blithely quickly fluffily about above according to across after against'
).split(' ')

function lineitemBatch(random: () => number, orders: Orders, prices: bigint[]): ColumnBatch {
  const builder = new BatchBuilder(lineitemColumns)
  const [order, part, supplier, line, quantity, price, discount, tax, returned, status, shipped, committed, received, ...texts] =
    builder.columns
  const below = (limit: number) => Math.floor(random() * limit)
  const one = (list: readonly string[]) => list[below(list.length)] ?? ''
  for (let row = 0; row < batchRows; row++) {
    if (orders.line === orders.lines) nextOrder(orders, 1 + below(7))
    const pieces = 1 + below(50)
    const partKey = 1 + below(100_000)
    const cost = BigInt(pieces * (90_000 + Math.floor((partKey / 10) % 20_001) + 100 * (partKey % 1000)))
    const day = 8036 + below(2406)
    prices.push(cost)
    order?.addBigint(BigInt(orders.key))
    part?.addBigint(BigInt(partKey))
    supplier?.addBigint(BigInt(1 + below(5000)))
    line?.addInt(++orders.line)
    quantity?.addBigint(BigInt(pieces * 100))
    price?.addBigint(cost)
    discount?.addBigint(BigInt(below(11)))
    tax?.addBigint(BigInt(below(9)))
    returned?.addString(day > 9298 ? 'N' : one(['R', 'A']))
    status?.addString(day > 9298 ? 'O' : 'F')
    shipped?.addInt(day + 1 + below(121))
    committed?.addInt(day + 30 + below(61))
    received?.addInt(day + 2 + below(150))
    texts[0]?.addString(one(instructions))
    texts[1]?.addString(one(modes))
    texts[2]?.addString(comment(below, one))
  }
  return builder.take()
}

/** Eight keys of 32 are used, as dbgen does. */
function nextOrder(orders: Orders, lines: number): void {
  orders.key += orders.key % 8 === 7 ? 25 : 1
  orders.line = 0
  orders.lines = lines
}

/** 10 to 43 characters cut out of a text, as dbgen does. */
function comment(below: (limit: number) => number, one: (list: readonly string[]) => string): string {
  const length = 10 + below(34)
  let text = one(words).slice(below(4))
  while (text.length < length) text += ` ${one(words)}`
  return text.slice(0, length)
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
