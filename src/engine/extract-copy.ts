import type { KeptPartition } from '../contracts/control-store.ts'
import type { Partition, Reading } from '../contracts/source.ts'
import type { OpenReading } from './extract-open.ts'
import { PartSeries } from './extract-parts.ts'
import { rejectColumns, rejectRecords } from './extract-rejects.ts'
import type { Attempt } from './extract-start.ts'
import { fencedError } from './lease.ts'

/** What a package has got so far, kept partitions of earlier runs included. */
export interface Staging {
  readonly parts: PartSeries
  readonly rejects: PartSeries
  /** The rows that earlier runs read of the partitions that they kept. */
  readonly readBefore: number
  read: number
  rejected: number
  /** Whether the control store may name these files: a commit was asked for, and not refused. */
  mayBeNamed: boolean
}

/** Begins the package of an attempt, with what was kept of its plan. */
export function beginStaging({ context, run, folder }: Attempt, { reading, kept }: OpenReading): Staging {
  const { batch, runId } = run.key
  const parallel = parallelOf(reading)
  const common = { lake: context.lake, folder, batch, runId, extractedAt: run.startedAt, parallel }
  const before = kept?.kept ?? []
  const sum = (rows: (partition: KeptPartition) => number) => before.reduce((total, partition) => total + rows(partition), 0)
  const [parts, rejects] = [before.flatMap((of) => of.parts), before.flatMap((of) => of.rejects)]
  const readBefore = sum(({ read }) => read)
  return {
    parts: new PartSeries({ ...common, name: 'part', columns: reading.schema.columns, kept: parts }),
    rejects: new PartSeries({ ...common, name: 'rejects', columns: rejectColumns, kept: rejects }),
    readBefore,
    read: readBefore,
    rejected: sum(({ rejected }) => rejected),
    mayBeNamed: false,
  }
}

/** How many rows the package is to have read; undefined where the source did not count them. */
export function expectedRows({ reading }: OpenReading, { readBefore }: Staging): number | undefined {
  return reading.expectedRows === undefined ? undefined : reading.expectedRows + readBefore
}

/** Reads the partitions into the lake, several at once where the source allows it. The first failure ends them all. */
export async function copy(attempt: Attempt, open: OpenReading, staging: Staging): Promise<void> {
  const { partitions } = open.reading
  const parallel = parallelOf(open.reading)
  const waiting = partitions.values()
  const lane = async () => {
    for (const partition of waiting) {
      open.stop.signal.throwIfAborted()
      await copyPartition(attempt, open, staging, partition)
    }
  }
  if (parallel === 1) return lane()
  const lanes = Array.from({ length: parallel }, lane)
  // The reason of the first abort stays: what the others die of is only its consequence.
  await Promise.all(lanes.map((ending) => ending.catch((error: unknown) => open.stop.abort(error))))
  open.stop.signal.throwIfAborted()
}

function parallelOf({ partitions, parallel = 1 }: Reading): number {
  return Math.max(1, Math.min(parallel, partitions.length))
}

async function copyPartition(attempt: Attempt, open: OpenReading, staging: Staging, { id }: Partition): Promise<void> {
  const { context, run } = attempt
  const { reading, stop } = open
  const { parts, rejects } = staging
  const expected = expectedRows(open, staging)
  const counted = { read: 0, rejected: 0 }
  const refuseStopped = () => {
    run.signal.throwIfAborted()
    stop.signal.throwIfAborted()
  }
  for await (const { batch, rowNumbers, rejects: refused } of reading.read({ id })) {
    refuseStopped()
    const first = counted.read + 1
    const full = await parts.write(id, batch, (index) => rowNumbers?.[index] ?? first + index)
    if (full) await context.failpoint('extract.after-part')
    const records = rejectRecords(refused, id)
    await rejects.write(id, records.batch, (index) => records.rowNumbers[index] ?? 0)
    const read = batch.rows + refused.length
    counted.read += read
    counted.rejected += refused.length
    staging.read += read
    staging.rejected += refused.length
    run.progress('reading', staging.read, expected)
    await context.failpoint('extract.mid-part')
  }
  // A source that ends where it was told to stop has not read everything.
  refuseStopped()
  if (await parts.close(id)) await context.failpoint('extract.after-part')
  await rejects.close(id)
  if (!reading.keepsPartitions) return
  await keep(attempt, staging, { id, parts: parts.partsOf(id), rejects: rejects.partsOf(id), ...counted })
  await context.failpoint('extract.after-partition')
}

/** Makes a partition durable. FENCED when a newer run took over. */
async function keep({ context, run }: Attempt, { parts, rejects }: Staging, partition: KeptPartition): Promise<void> {
  run.signal.throwIfAborted()
  let tries = 0
  const held = await run.retry(() => {
    tries += 1
    for (const series of [parts, rejects]) series.named(partition.id, true)
    return context.control.extractions.partitions.keep(run.key, partition)
  })
  if (held) return
  // An earlier try whose answer got lost may have been taken: then the control store names the files.
  if (tries === 1) for (const series of [parts, rejects]) series.named(partition.id, false)
  throw fencedError(run.key)
}
