import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { CursorTrack } from './custom/cursor.ts'
import type { Surroundings } from './custom/read-context.ts'
import { CustomReading } from './custom/reading.ts'
import { type CustomResource, customResource } from './custom/resource.ts'
import { typedColumns } from './custom/row-collector.ts'

/**
 * Reads what a user's own code yields: objects, checked against the declared columns and staged with their types. A value
 * that does not fit its column exactly is refused by name, and so is text that is not well-formed Unicode.
 */
export async function openCustom(surroundings: Surroundings): Promise<Source> {
  return new CustomSource(surroundings)
}

class CustomSource implements Source {
  readonly #surroundings: Surroundings
  readonly #readings = new Set<Reading>()

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** What the code reaches is only known to the code. */
  async check(): Promise<readonly string[]> {
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return { columns: typedColumns(customResource(resource).columns) }
  }

  async open(request: ReadRequest): Promise<Reading> {
    const resource = customResource(request.resource)
    const reading = new CustomReading(resource, request, cursorOf(resource, request), this.#surroundings)
    this.#readings.add(reading)
    return reading
  }

  async close(): Promise<void> {
    for (const reading of this.#readings) await reading.close()
    this.#readings.clear()
    await this.#surroundings.fetcher.close()
  }
}

function cursorOf({ columns }: CustomResource, request: ReadRequest): CursorTrack | undefined {
  const { cursor } = request
  if (!cursor) return undefined
  const index = columns.findIndex(({ name }) => name === cursor.column)
  const column = columns[index]
  const { locator } = request.resource
  if (!column || /^(json|binary|boolean)$/.test(column.type.kind)) {
    throw invalid(
      `${locator} has no column ${cursor.column} that could be its cursor.`,
      'Name a declared column that can be ordered as the cursor.',
    )
  }
  if (cursor.nulls === 'exclude') {
    throw invalid(`${locator} cannot exclude rows without a cursor: they are yielded.`, 'Leave such rows out in read().')
  }
  return new CursorTrack(column, index, cursor, request)
}

function invalid(message: string, hint: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', message, { hint })
}
