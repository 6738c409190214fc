import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { FoundRecord } from '../../formats/json-page.ts'
import type { DeclaredColumn } from '../../model/script.ts'
import type { RestClient } from './client.ts'
import { requestLabel } from './exchange.ts'
import { fetchPage } from './fetch-page.ts'
import { PageChain, type PageStep } from './page-chain.ts'
import { PageReader } from './page-reader.ts'
import { type ParentValues, requestFor, requestOfLink } from './request-for.ts'
import type { RestResource } from './resource.ts'
import { type RestWindow, wholeWindow } from './window.ts'

const parentPrefix = '$parent.'

/** What all calls of a reading share. */
export interface CallContext {
  readonly client: RestClient
  readonly baseUrl: string
  readonly window: RestWindow | undefined
  readonly signal: AbortSignal
  readonly retry: ReadRequest['retry']
  readonly notice: (message: string) => void
  /** Takes a record of the resource; `values` are those of its parent's row. */
  readonly onRecord: (found: FoundRecord, values: ParentValues | undefined) => void
}

/** A column whose value comes from the parent's row. */
export interface InheritedColumn {
  readonly column: DeclaredColumn
  /** The parent's column. */
  readonly from: string
}

/** The calls of a resource: one chain of pages, or one for each row of its parent, in the order of these. */
export class ResourceCalls {
  readonly own: readonly DeclaredColumn[]
  readonly inherited: readonly InheritedColumn[]
  readonly #resource: RestResource
  readonly #context: CallContext
  readonly #reader: PageReader
  readonly #parent: ParentRows | undefined
  readonly #first: PageChain | undefined
  #expected: number | undefined = 0
  #isDone = false

  /** Asks for the first page at once: of the resource, or of the uppermost parent. */
  constructor(resource: RestResource, context: CallContext) {
    const { columns, parent } = resource
    this.#resource = resource
    this.#context = context
    this.inherited = columns.flatMap((column) => inheritedColumn(column, resource))
    this.own = columns.filter(({ from }) => !from.startsWith(parentPrefix))
    this.#reader = new PageReader(resource, this.own)
    this.#parent = parent && new ParentRows(parent, context)
    this.#first = parent === undefined ? this.#begin(undefined) : undefined
  }

  /** Resolves when that page is there. */
  async ready(): Promise<void> {
    await (this.#parent ?? this.#first)?.ready()
  }

  /** The rows that the API says there are, as far as it says so of every chain. */
  get expected(): number | undefined {
    if (this.#parent === undefined) return this.#first?.expected
    return this.#isDone ? this.#expected : undefined
  }

  /** What no column takes of the resource's records, as a sentence; of its parents only what it needs is looked at. */
  get leftOut(): string | undefined {
    return this.#reader.leftOut
  }

  /** Yields after each page. */
  async *pages(): AsyncGenerator<void> {
    for await (const chain of this.#chains()) {
      yield* chain.pages()
      const { expected } = chain
      this.#expected = expected === undefined || this.#expected === undefined ? undefined : this.#expected + expected
    }
    this.#isDone = true
  }

  async *#chains(): AsyncGenerator<PageChain> {
    if (this.#first !== undefined) {
      yield this.#first
      return
    }
    const begun: PageChain[] = []
    for await (const values of this.#parent?.rows() ?? []) {
      begun.push(this.#begin(values))
      const next = begun.length < this.#resource.concurrency ? undefined : begun.shift()
      if (next !== undefined) yield next
    }
    yield* begun
  }

  #begin(values: ParentValues | undefined): PageChain {
    const { onRecord, notice } = this.#context
    // Of several rows of a parent, each is read by itself, in the order of its pages.
    const resource = values === undefined ? this.#resource : { ...this.#resource, concurrency: 1 }
    return new PageChain(resource, {
      ask: (step) => this.#ask(step, values),
      read: (answer) => {
        const label = requestLabel(resource.method, answer.url)
        return this.#reader.read(answer, label, (found) => onRecord(found, values))
      },
      notice,
    })
  }

  async #ask({ parameters, link }: PageStep, values: ParentValues | undefined) {
    const { client, baseUrl, window, signal, retry } = this.#context
    const resource = this.#resource
    const bounds = resource.window && (window?.parameters(resource.window) ?? wholeWindow(resource.window))
    const call =
      link === undefined
        ? requestFor(baseUrl, resource, [...(bounds ?? []), ...parameters], values)
        : requestOfLink(link, resource, values)
    const work = () => fetchPage(client, call, resource, signal)
    return call.isIdempotent ? retry(work) : work()
  }
}

/** The rows of a resource that is a parent, one after the other. */
class ParentRows {
  readonly #resource: RestResource
  readonly #calls: ResourceCalls
  readonly #rows: ParentValues[] = []

  constructor(resource: RestResource, context: CallContext) {
    this.#resource = resource
    this.#calls = new ResourceCalls(resource, { ...context, onRecord: (found, values) => this.#take(found, values) })
  }

  ready(): Promise<void> {
    return this.#calls.ready()
  }

  async *rows(): AsyncGenerator<ParentValues> {
    for await (const _ of this.#calls.pages()) yield* this.#rows.splice(0)
  }

  #take({ record, causes }: FoundRecord, above: ParentValues | undefined): void {
    const [cause] = causes
    if (cause !== undefined) {
      const where = cause.column === undefined ? '' : ` in ${cause.column}`
      throw new SluiceError('RESPONSE_INVALID', `A row of the parent ${this.#resource.path} is refused: ${cause.code}${where}.`, {
        hint: 'Have the API mended: without its parent, no row below it can be read.',
        details: { resource: this.#resource.path, code: cause.code },
      })
    }
    const { own, inherited } = this.#calls
    const values = own.map(({ name }, index) => [name, record.text(index) ?? null] as const)
    const fromAbove = inherited.map(({ column, from }) => [column.name, above?.get(from) ?? null] as const)
    this.#rows.push(new Map([...values, ...fromAbove]))
  }
}

function inheritedColumn(column: DeclaredColumn, { path, parent }: RestResource): readonly InheritedColumn[] {
  if (!column.from.startsWith(parentPrefix)) return []
  const from = column.from.slice(parentPrefix.length)
  if (parent?.columns.some(({ name }) => name === from) === true) return [{ column, from }]
  throw new SluiceError(
    'CONFIG_INVALID',
    `${path}: the column ${column.name} is from ${column.from}, which is no column of a parent.`,
    {
      hint: 'Name a column of the parent behind $parent., and the parent in the option `parent`.',
    },
  )
}
