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

const batchRows = 16_384
const poolBatches = 32

/** Some batches of lineitem, of 16,384 rows each, that {@link lineitem} gives again and again. */
export interface LineitemPool {
  readonly batches: readonly ColumnBatch[]
  /** How much the order keys rise from one round to the next. */
  readonly keysOfRound: number
  /** The prices of the rows. */
  readonly prices: Float64Array
}

/**
 * 524,288 rows of the shape of lineitem at scale 0.5, from a fixed seed.
 * To be made in another process than the one that is measured, because of what it leaves in memory.
 */
export function lineitemPool(): LineitemPool {
  const random = mulberry32(20_260_101)
  const orders: Orders = { key: 1, line: 0, lines: 0 }
  const prices = new Float64Array(batchRows * poolBatches)
  const batches = Array.from({ length: poolBatches }, (_, index) => {
    return lineitemBatch(random, orders, prices.subarray(index * batchRows))
  })
  return { batches, keysOfRound: orders.key + 32, prices }
}

/**
 * `rows` rows out of the pool, in batches as a source would bring them; a batch is good until the next is asked for.
 *
 * The memory is the pool's for any number of rows, and taking a row costs next to nothing: only the order keys are counted
 * on. Neither writer gains from the repetition: a round is a row group, and neither looks beyond one.
 */
export function* lineitem({ batches, keysOfRound }: LineitemPool, rows: number): Generator<ColumnBatch> {
  const ready = batches.map(withOwnKeys)
  let left = rows
  for (let round = 0; left > 0; round++) {
    for (const { batch, keys, firstKeys } of ready) {
      // The keys are below 2³¹: only their lower words change.
      for (let word = 0; word < keys.length; word += 2) keys[word] = (firstKeys[word] ?? 0) + round * keysOfRound
      if (left <= batch.rows) {
        yield beginning(batch, left)
        return
      }
      left -= batch.rows
      yield batch
    }
  }
}

function withOwnKeys({ rows, columns: [first, ...others] }: ColumnBatch) {
  if (first === undefined) throw new Error('a batch of lineitem has no columns')
  const values = Uint8Array.from(first.values)
  const keys = new Int32Array(values.buffer)
  return { batch: { rows, columns: [{ ...first, values }, ...others] }, keys, firstKeys: Int32Array.from(keys) }
}

/** What the sums over the order keys and the prices of {@link lineitem} must be. */
export function lineitemSums({ batches, keysOfRound, prices }: LineitemPool, rows: number) {
  const firstKeys = batches.flatMap((batch) => [...withOwnKeys(batch).firstKeys].filter((_, word) => word % 2 === 0))
  const sums = { keys: 0n, prices: 0n }
  firstKeys.forEach((key, index) => {
    const rounds = Math.floor(rows / firstKeys.length) + (index < rows % firstKeys.length ? 1 : 0)
    sums.keys += BigInt(rounds * key + ((rounds * (rounds - 1)) / 2) * keysOfRound)
    sums.prices += BigInt(rounds * (prices[index] ?? 0))
  })
  return sums
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

function lineitemBatch(random: () => number, orders: Orders, prices: Float64Array): ColumnBatch {
  const builder = new BatchBuilder(lineitemColumns)
  const [order, part, supplier, line, quantity, price, discount, tax, returned, status, shipped, committed, received, ...texts] =
    builder.columns
  const below = (limit: number) => Math.floor(random() * limit)
  const one = (list: readonly string[]) => list[below(list.length)] ?? ''
  for (let row = 0; row < batchRows; row++) {
    if (orders.line === orders.lines) nextOrder(orders, 1 + below(7))
    const pieces = 1 + below(50)
    const partKey = 1 + below(100_000)
    const cost = pieces * (90_000 + Math.floor((partKey / 10) % 20_001) + 100 * (partKey % 1000))
    const day = 8036 + below(2406)
    prices[row] = cost
    order?.addBigint(BigInt(orders.key))
    part?.addBigint(BigInt(partKey))
    supplier?.addBigint(BigInt(1 + below(5000)))
    line?.addInt(++orders.line)
    quantity?.addBigint(BigInt(pieces * 100))
    price?.addBigint(BigInt(cost))
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
