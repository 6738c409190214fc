import { SluiceError } from '../../errors.ts'
import { namesText } from './file-patterns.ts'
import type { FileResource } from './file-resource.ts'
import type { FoundFile } from './file-store.ts'
import { momentInName, type NamedMoment } from './moment-in-name.ts'

interface Candidate {
  readonly file: FoundFile
  readonly moment: NamedMoment | undefined
}

/** The files by date in the name, then time, then name; one without a date comes before those that have one. */
export function inOrder(files: readonly FoundFile[]): readonly FoundFile[] {
  const days = Map.groupBy(files.map(candidate), ({ moment }) => moment?.date ?? '')
  return [...days]
    .sort(([left], [right]) => compare(left, right))
    .flatMap(([, day]) => inOrderOfDay(day))
    .map(({ file }) => file)
}

/** The newest of some files. FILES_TIED when more than one has a claim to be it. */
export function newest(
  files: readonly FoundFile[],
  newestBy: FileResource['newestBy'],
  notice: (message: string) => void,
): FoundFile {
  const candidates = files.map(candidate)
  const [only, another] = candidates
  if (only !== undefined && another === undefined) return only.file
  const undated = candidates.find(({ moment }) => moment === undefined)
  if (newestBy === 'modified') return newestModified(candidates)
  if (undated === undefined) return newestNamed(candidates)
  if (newestBy === 'date-in-name') throw tied([undated], 'has no date in its name, so it cannot be compared')
  if (candidates.some(({ moment }) => moment !== undefined)) {
    notice(`${undated.file.id} has no date in its name, so the newest of ${candidates.length} files is the one modified last.`)
  }
  return newestModified(candidates)
}

function candidate(file: FoundFile): Candidate {
  return { file, moment: momentInName(file.id) }
}

function inOrderOfDay(day: readonly Candidate[]): readonly Candidate[] {
  const timeOf = timesOf(day)
  return day.toSorted((left, right) => compare(timeOf(left), timeOf(right)) || compare(left.file.id, right.file.id))
}

/** Times decide only between files that all have one. */
function timesOf(day: readonly Candidate[]): (file: Candidate) => string {
  const areKnown = day.every(({ moment }) => moment?.time !== undefined)
  return ({ moment }) => (areKnown ? (moment?.time ?? '') : '')
}

function newestNamed(candidates: readonly Candidate[]): FoundFile {
  const last = greatest(candidates, ({ moment }) => moment?.date ?? '')
  return single(greatest(last, timesOf(last)), 'carry the same date in their names')
}

function newestModified(candidates: readonly Candidate[]): FoundFile {
  return single(
    greatest(candidates, ({ file }) => file.modifiedNs),
    'were modified at the same moment',
  )
}

function greatest<Key extends string | bigint>(
  files: readonly Candidate[],
  keyOf: (file: Candidate) => Key,
): readonly Candidate[] {
  let best: readonly [Key, Candidate[]] | undefined
  for (const file of files) {
    const key = keyOf(file)
    if (best === undefined || key > best[0]) best = [key, [file]]
    else if (key === best[0]) best[1].push(file)
  }
  return best?.[1] ?? []
}

function single(files: readonly Candidate[], why: string): FoundFile {
  const [first, ...others] = files
  if (first === undefined || others.length > 0) throw tied(files, why)
  return first.file
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function tied(files: readonly Candidate[], why: string): SluiceError {
  const names = files.map(({ file }) => file.id)
  return new SluiceError('FILES_TIED', `${namesText(names, ' and ')} ${why}.`, {
    hint: "Narrow the pattern, remove the file that does not count, or set `newestBy: 'modified'` in the extract script.",
    details: { files: names.slice(0, 5) },
  })
}
