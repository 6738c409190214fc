import { SluiceError } from '../../errors.ts'
import { type FoundRecord, JsonPage, type JsonPageOutcome } from '../../formats/json-page.ts'
import type { DeclaredColumn } from '../../model/script.ts'
import type { HttpAnswer } from './exchange.ts'
import { invalid } from './failures.ts'
import type { PageFacts } from './page-facts.ts'
import type { RestResource } from './resource.ts'

/** A longer answer is hardly a message. */
const messageBytes = 2_000
const shownValue = 200
const reasonNames = /^(error|errors|message|msg|detail|details|reason|code|status|title)$/i

/** Reads the records of a resource's answers. */
export class PageReader {
  readonly #resource: RestResource
  readonly #page: JsonPage

  /** `columns`: those whose values are in the records themselves. */
  constructor(resource: RestResource, columns: readonly DeclaredColumn[]) {
    const { page, errors, records } = resource
    const paths = [errors, page?.total, page?.by === 'cursor' || page?.by === 'link' ? page.next : undefined]
    this.#resource = resource
    this.#page = new JsonPage({ columns, records, facts: paths.filter((path) => path?.startsWith('$') === true) as string[] })
  }

  /** What no column takes of the records, as a sentence; undefined when every value has its column. */
  get leftOut(): string | undefined {
    const { names, values } = this.#page.leftOut
    if (values === 0) return undefined
    return `${values} values of ${this.#resource.path} are in no column and were left out, of members such as ${[...names].join(', ')}.`
  }

  /** Calls `onRecord` for each record of the answer. RESPONSE_INVALID when it is not what the resource declares. */
  read(answer: HttpAnswer, label: string, onRecord: (found: FoundRecord) => void): PageFacts {
    const { status, headers, url, body, release } = answer
    const common = { headers, url, body, release, label }
    if (this.#resource.emptyOn.includes(status)) {
      return { ...common, rows: 0, isNone: true, fact: () => undefined, ends: undefined }
    }
    let rows = 0
    let [firstStart, firstEnd, lastStart, lastEnd] = [0, 0, 0, 0]
    const outcome = this.#page.read(body, (found) => {
      rows += 1
      lastStart = found.start
      lastEnd = found.end
      if (rows === 1) {
        firstStart = lastStart
        firstEnd = lastEnd
      }
      onRecord(found)
    })
    this.#refuseErrors(label)
    const isNone = outcome === 'null' && this.#resource.emptyOn.includes('null')
    if (outcome !== 'read' && !isNone) throw this.#unreadable(outcome, answer, label)
    const ends = rows === 0 ? undefined : ([body.subarray(firstStart, firstEnd), body.subarray(lastStart, lastEnd)] as const)
    // A page is kept until the next one was compared with it, and by then the values of that one are read.
    const facts = new Map(this.#factPaths().map((path) => [path, this.#page.fact(path)]))
    return { ...common, rows, isNone, fact: (path) => facts.get(path), ends }
  }

  #factPaths(): readonly string[] {
    const { page } = this.#resource
    const next = page?.by === 'cursor' || page?.by === 'link' ? page.next : undefined
    return [page?.total, next].flatMap((path) => (path?.startsWith('$') === true ? [path] : []))
  }

  #refuseErrors(label: string): void {
    const { errors } = this.#resource
    const said = errors === undefined ? undefined : this.#page.fact(errors)
    if (said === undefined || said === null || ['', 'false', '0', '[]', '{}'].includes(said.trim())) return
    throw invalid(
      label,
      `says at ${errors}: ${said.slice(0, shownValue)}`,
      'Correct the request in the extract script, or look at the API.',
    )
  }

  #unreadable(outcome: JsonPageOutcome, { body, headers }: HttpAnswer, label: string): SluiceError {
    const { records } = this.#resource
    if (outcome === 'cut') {
      return new SluiceError('SOURCE_UNREACHABLE', `${label}: the answer ends in the middle, after ${body.length} bytes.`, {
        hint: 'Run it again; if it stays, ask for smaller pages.',
        details: { request: label, bytes: body.length },
      })
    }
    if (outcome === 'malformed') {
      const type = headers['content-type'] ?? 'without a content-type'
      return invalid(label, `was answered with something that is no JSON (${type})`, 'Look at the address of the connection.')
    }
    if (outcome === 'null') {
      const hint = "Look at what the API means by it; where it means that there are no rows, list 'null' in `emptyOn`."
      return invalid(label, `has NULL at ${records}`, hint)
    }
    return invalid(label, `has no records at ${records}${told(body)}`, 'Correct `records` of the resource, or look at the API.')
  }
}

/** What an answer without records says about itself: its reasons, else the names of its members; never a record. */
function told(body: Buffer): string {
  if (body.length > messageBytes) return ''
  const answer: unknown = JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''))
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return ''
  const reasons = Object.entries(answer).filter(([name]) => reasonNames.test(name))
  const said = reasons.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(', ')
  if (said !== '') return `, but ${said.length > shownValue ? `${said.slice(0, shownValue)}…` : said}`
  return `, but the members ${Object.keys(answer).slice(0, 10).join(', ')}`
}
