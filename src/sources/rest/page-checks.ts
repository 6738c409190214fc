import { SluiceError } from '../../errors.ts'
import { invalid } from './failures.ts'
import { nextLink, type PageFacts } from './page-facts.ts'
import type { RestResource } from './resource.ts'

/** Shorter records than this are found in others by chance. */
const shortestProof = 16

/** Watches whether the pages of a chain add up: nothing twice, nothing missing, as far as the API lets it be seen. */
export class PageChecks {
  readonly #resource: RestResource
  readonly #notice: (message: string) => void
  readonly #isCounted: boolean
  #last: PageFacts | undefined
  #pages = 0
  #rows = 0
  #total: number | undefined
  #hasGrown = false
  #hasMoved = false
  #wasShort = false

  constructor(resource: RestResource, notice: (message: string) => void) {
    this.#resource = resource
    this.#notice = notice
    this.#isCounted = resource.page?.by === 'number' || resource.page?.by === 'offset'
  }

  /** What the last page declared as the number of rows. */
  get total(): number | undefined {
    return this.#total
  }

  /** The number of rows to balance against; undefined where none was declared or it changed meanwhile. */
  get expected(): number | undefined {
    return this.#hasGrown && !this.#isCounted ? undefined : this.#total
  }

  /** Called for each page in its order. RESPONSE_INVALID, or SOURCE_CHANGED, when it cannot belong to the pages before. */
  see(page: PageFacts): void {
    this.#pages += 1
    this.#rows += page.rows
    this.#refuseRepeated(page)
    this.#seeTotal(page)
    this.#seeDrift(page)
    this.#seeStride(page)
    // Every value of it was taken, and no other page is compared with it.
    this.#last?.release?.()
    this.#last = page
  }

  /** Called after the last page. RESPONSE_INVALID when rows are missing. */
  finish({ label, headers }: PageFacts): void {
    const { page } = this.#resource
    if (page === undefined && nextLink(headers['link']) !== undefined) {
      this.#notice(`${label} names a next page, but the resource declares no pages: only the first was read.`)
    }
    if (this.#isCounted && this.#total === undefined && this.#pages > 2) {
      this.#notice(`${label} declares no total: rows that were deleted while its pages were read may have hidden others.`)
    }
    const { expected } = this
    if (expected !== undefined && this.#rows !== expected) {
      throw invalid(
        label,
        `declared ${expected} rows but sent ${this.#rows} in ${this.#pages} pages`,
        'Run it again; if it stays, have the API mended, or leave `total` out of the paging when it is an estimate.',
      )
    }
  }

  #refuseRepeated({ rows, body, ends, label }: PageFacts): void {
    const before = this.#last
    if (before?.ends === undefined || ends === undefined || before.rows !== rows) return
    const isSame = before.body.equals(body) || (before.ends[0].equals(ends[0]) && before.ends[1].equals(ends[1]))
    if (!isSame) return
    throw invalid(
      label,
      `sent page ${this.#pages - 1} again as page ${this.#pages}`,
      'Look at the paging of the resource: the API may not know the parameter, or count from another number than `from`.',
    )
  }

  #seeTotal({ fact, headers, label, ends, isNone }: PageFacts): void {
    const path = this.#resource.page?.total
    if (path === undefined) return
    const text = path.startsWith('$') ? fact(path) : headers[path.toLowerCase()]
    if (text === undefined || text === null || !/^\d{1,15}$/.test(text)) {
      // Behind the last page there may be an answer of another form.
      if (isNone || (ends === undefined && this.#last !== undefined)) return
      throw invalid(label, `has no total at ${path}`, 'Correct `total` in the paging of the resource, or leave it out.')
    }
    const total = Number(text)
    const before = this.#total ?? total
    this.#total = total
    if (total < before) {
      throw new SluiceError('SOURCE_CHANGED', `${label} declared ${before} rows, and then ${total} while its pages were read.`, {
        hint: 'Run it again when nothing is deleted there, or read the resource by a cursor, which deletions do not move.',
        details: { request: label, before, total },
      })
    }
    if (total > before && !this.#hasGrown) {
      this.#hasGrown = true
      this.#notice(`${label} declared ${before} rows, and then ${total} while its pages were read: the newest may be missing.`)
    }
  }

  /** A page that begins with a record of the page before: rows were put in before them. */
  #seeDrift({ ends, label }: PageFacts): void {
    const [first] = ends ?? []
    if (!this.#isCounted || this.#hasMoved || first === undefined || first.length < shortestProof) return
    if (this.#last?.body.includes(first) !== true) return
    this.#hasMoved = true
    this.#notice(
      `${label}: page ${this.#pages} begins with a record of the page before: rows moved while the pages were read, and some were read twice.`,
    )
  }

  /** Offsets that were asked for in advance only fit pages of the declared size. */
  #seeStride({ rows, label }: PageFacts): void {
    const { page, concurrency } = this.#resource
    if (page?.by !== 'offset' || concurrency === 1) return
    if (this.#wasShort && rows > 0) {
      throw invalid(
        label,
        `gave fewer rows than the ${page.size} of a page, and more behind them`,
        'Set `size` to what the API gives at most, or leave `concurrency` out.',
      )
    }
    this.#wasShort ||= rows < page.size
  }
}
