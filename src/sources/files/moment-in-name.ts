/** The date that a file's name carries, and the time where it carries one, each as text that sorts. */
export interface NamedMoment {
  /** `YYYYMMDD`. */
  readonly date: string
  /** `HHMMSS`. */
  readonly time: string | undefined
}

const date = /(?<!\d)(?<year>19\d\d|20\d\d)(?<dash>-?)(?<month>0[1-9]|1[0-2])\k<dash>(?<day>0[1-9]|[12]\d|3[01])/g
const time = /^[T_ -]?(?<hour>[01]\d|2[0-3])(?<colon>[:.-]?)(?<minute>[0-5]\d)(?:\k<colon>(?<second>[0-5]\d))?(?!\d|-\d\d-\d\d)/

/**
 * The first date, `YYYY-MM-DD` or `YYYYMMDD`, of the file's name; without one there, of the nearest folder's.
 * A time may follow at once or behind one of `T`, `_`, `-` and a space: `HHMM`, `HHMMSS`, `HH-MM`, `HH-MM-SS` (also with `:` or `.`).
 */
export function momentInName(path: string): NamedMoment | undefined {
  for (const name of path.split('/').reverse()) {
    for (const match of name.matchAll(date)) {
      const moment = momentOf(match, name.slice(match.index + match[0].length))
      if (moment !== undefined) return moment
    }
  }
  return undefined
}

function momentOf(match: RegExpExecArray, behind: string): NamedMoment | undefined {
  const { year, month, day } = match.groups ?? {}
  const text = `${year}-${month}-${day}`
  // `Date` lets 02-30 pass as 03-01, so what it made is compared with what was read.
  if (!new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)) return undefined
  const clock = time.exec(behind)?.groups
  if (clock === undefined && /^\d/.test(behind)) return undefined
  return {
    date: `${year}${month}${day}`,
    time: clock && `${clock['hour']}${clock['minute']}${clock['second'] ?? '00'}`,
  }
}
