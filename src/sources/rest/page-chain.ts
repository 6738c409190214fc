import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HttpAnswer } from './exchange.ts'
import { invalid } from './failures.ts'
import { PageChecks } from './page-checks.ts'
import { nextLink, type PageFacts } from './page-facts.ts'
import type { Parameter } from './request-for.ts'
import type { CursorPaging, LinkPaging, Paging, RestResource } from './resource.ts'

/** Which page is asked for: by parameters, or by a link of the answer before. */
export interface PageStep {
  readonly parameters: readonly Parameter[]
  readonly link: URL | undefined
}

/** How a chain reaches the API and the rows. */
export interface PageSource {
  /** Gets a page. Rejects with what the caller of the reading is to see. */
  ask(step: PageStep): Promise<HttpAnswer>
  /** Takes the rows of a page. */
  read(answer: HttpAnswer): PageFacts
  readonly notice: (message: string) => void
}

type CountedPaging = Extract<Paging, { by: 'number' | 'offset' }>

const mostEmptyPages = 1_000

/** The pages of one resource, for one row of its parent where it has one: in their order, each once, to the last. */
export class PageChain {
  readonly #resource: RestResource
  readonly #source: PageSource
  readonly #checks: PageChecks
  readonly #seen = new Set<string>()
  readonly #asked: Promise<HttpAnswer>[] = []
  #index = 0
  #rows = 0
  #pages = 0
  #emptyPages = 0
  #wasNamed = false
  #firstRows: number | undefined

  /** Asks for the first page at once. */
  constructor(resource: RestResource, source: PageSource) {
    this.#resource = resource
    this.#source = source
    this.#checks = new PageChecks(resource, source.notice)
    this.#ask(firstStep(resource.page))
  }

  /** Resolves when the first page is there. */
  async ready(): Promise<void> {
    await this.#asked[0]
  }

  /** The rows that the API says there are; undefined where it does not, or where they changed meanwhile. */
  get expected(): number | undefined {
    return this.#checks.expected
  }

  /** Yields after each page, when its rows were taken and the next page was asked for. */
  async *pages(): AsyncGenerator<void> {
    for (let asked = this.#asked.shift(); asked !== undefined; asked = this.#asked.shift()) {
      const answer = await asked
      // The request goes out only when this turn has ended, and taking the rows of a page is one long turn.
      if (this.#askAhead()) await nextTurn()
      const facts = this.#source.read(answer)
      this.#pages += 1
      this.#firstRows ??= facts.rows
      this.#rows += facts.rows
      this.#emptyPages = facts.rows === 0 ? this.#emptyPages + 1 : 0
      this.#checks.see(facts)
      const isLast = !this.#askOn(facts)
      if (isLast) {
        this.#checks.finish(facts)
        this.#noticeUnnamed(facts)
      }
      yield
      if (isLast) return
    }
  }

  #ask(step: PageStep): void {
    const answer = this.#source.ask(step)
    // It may fail before its turn, or when nobody wants it any more.
    answer.catch(() => undefined)
    this.#asked.push(answer)
    this.#index += 1
  }

  /** Asks for what follows the page; false when it was the last. */
  #askOn(facts: PageFacts): boolean {
    const { page } = this.#resource
    if (page === undefined) return false
    const goesOn = page.by === 'number' || page.by === 'offset' ? this.#askCounted(page, facts) : this.#askNamed(page, facts)
    if (goesOn && this.#pages >= this.#resource.maxPages) {
      throw invalid(
        facts.label,
        `has more than ${this.#resource.maxPages} pages`,
        'Raise `maxPages` of the resource if it is that large.',
      )
    }
    return goesOn
  }

  /** Asks for pages that are sure to be there before the rows of this one are taken: the API works meanwhile. */
  #askAhead(): boolean {
    const { page } = this.#resource
    const { total } = this.#checks
    const before = this.#index
    if (page?.by === 'number' && total !== undefined) this.#askUpTo(page, Math.ceil(total / this.#sizeOf(page)))
    return this.#index > before
  }

  #askCounted(page: CountedPaging, facts: PageFacts): boolean {
    const { total } = this.#checks
    if (facts.rows === 0 || (total !== undefined && this.#rows >= total)) return false
    if (page.by === 'offset' && this.#resource.concurrency === 1) {
      // By what came, not by what was asked for: an API may give less.
      this.#ask(countedStep(page, page.from + this.#rows))
      return true
    }
    const pages = total === undefined ? Number.POSITIVE_INFINITY : Math.ceil(total / this.#sizeOf(page))
    this.#askUpTo(page, Math.max(pages, this.#pages + 1))
    return true
  }

  #askUpTo(page: CountedPaging, pages: number): void {
    const stride = page.by === 'number' ? 1 : page.size
    while (this.#asked.length < this.#resource.concurrency && this.#index < pages) {
      this.#ask(countedStep(page, page.from + this.#index * stride))
    }
  }

  #sizeOf({ size }: CountedPaging): number {
    return size ?? Math.max(1, this.#firstRows ?? 1)
  }

  #askNamed(page: CursorPaging | LinkPaging, facts: PageFacts): boolean {
    const { named, isThere } = nextOf(page, facts)
    this.#wasNamed ||= isThere
    if (named === undefined) return false
    const step = page.by === 'cursor' ? cursorStep(page, named) : { parameters: [], link: linkOf(named, facts) }
    const name = step.link?.href ?? named
    if (this.#seen.size === 0 && page.by === 'link') this.#seen.add(facts.url.href)
    if (this.#seen.has(name)) {
      throw invalid(
        facts.label,
        `leads from page ${this.#pages} to a page that was read before`,
        'Have the API mended: its pages go in a circle.',
      )
    }
    this.#seen.add(name)
    if (this.#emptyPages >= mostEmptyPages) {
      throw invalid(
        facts.label,
        `has sent ${mostEmptyPages} pages without a row, and leads on`,
        'Have the API mended: its pages have no end.',
      )
    }
    this.#ask(step)
    return true
  }

  /** A path that is written wrongly looks like a last page. */
  #noticeUnnamed({ label, rows }: PageFacts): void {
    const { page } = this.#resource
    const path = page?.by === 'cursor' || page?.by === 'link' ? page.next : undefined
    if (path === undefined || this.#wasNamed || rows === 0) return
    this.#source.notice(`${label}: no page had ${path}, so its first page was taken for the last.`)
  }
}

function firstStep(page: Paging | undefined): PageStep {
  if (page === undefined || page.by === 'link') return { parameters: [], link: undefined }
  return page.by === 'cursor' ? { parameters: sizeOf(page), link: undefined } : countedStep(page, page.from)
}

function countedStep(page: CountedPaging, position: number): PageStep {
  return { parameters: [[page.parameter, position], ...sizeOf(page)], link: undefined }
}

function cursorStep(page: CursorPaging, cursor: string): PageStep {
  return { parameters: [[page.parameter, cursor], ...sizeOf(page)], link: undefined }
}

function sizeOf({ size, sizeParameter }: Exclude<Paging, LinkPaging>): readonly Parameter[] {
  return size === undefined || sizeParameter === undefined ? [] : [[sizeParameter, size]]
}

/** What an answer says about the next page; `isThere`: that it says something at all. */
function nextOf({ next }: CursorPaging | LinkPaging, { fact, headers }: PageFacts) {
  if (next === undefined) return { named: nextLink(headers['link']), isThere: true }
  const value = next.startsWith('$') ? fact(next) : headers[next.toLowerCase()]
  const isEnd = value === undefined || value === null || value === '' || value === 'false'
  return { named: isEnd ? undefined : value, isThere: value !== undefined }
}

function linkOf(address: string, { url, label }: PageFacts): URL {
  const link = URL.parse(address, url.href)
  if (link === null || !/^https?:$/.test(link.protocol)) {
    throw invalid(label, 'names a next page that is no address', 'Look at `next` in the paging of the resource.')
  }
  link.hash = ''
  return link
}
