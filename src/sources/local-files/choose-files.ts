import { SluiceError } from '../../errors.ts'
import type { FileResource } from './file-resource.ts'
import type { FoundFile, Listing } from './list-files.ts'
import { momentInName, type NamedMoment } from './moment-in-name.ts'

const shownNames = 5

interface Candidate extends FoundFile {
  readonly moment: NamedMoment | undefined
}

/**
 * The files to read, in their order. FILE_NOT_FOUND, FILES_TIED when more than one has a claim to be the newest,
 * FILE_EMPTY when a chosen one has no byte.
 */
export function chooseFiles(listing: Listing, resource: FileResource, notice: (message: string) => void): readonly FoundFile[] {
  if (listing.files.length === 0) throw notFound(listing, resource)
  const candidates = listing.files.map((file) => ({ ...file, moment: momentInName(file.id) }))
  const chosen = resource.select === 'all' ? inOrder(candidates) : [newest(candidates, resource, notice)]
  const empty = chosen.find(({ bytes }) => bytes === 0)
  if (empty !== undefined && !resource.allowEmpty) throw isEmpty(empty, listing)
  return chosen
}

/** By date, then time, then name; a file without a date comes before those that have one. */
function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  const days = Map.groupBy(candidates, ({ moment }) => moment?.date ?? '')
  return [...days].sort(([left], [right]) => compare(left, right)).flatMap(([, day]) => inOrderOfDay(day))
}

function inOrderOfDay(day: readonly Candidate[]): readonly Candidate[] {
  const timeOf = timesOf(day)
  return day.toSorted((left, right) => compare(timeOf(left), timeOf(right)) || compare(left.id, right.id))
}

/** Times decide only between files that all have one. */
function timesOf(day: readonly Candidate[]): (file: Candidate) => string {
  const areKnown = day.every(({ moment }) => moment?.time !== undefined)
  return ({ moment }) => (areKnown ? (moment?.time ?? '') : '')
}

function newest(candidates: readonly Candidate[], resource: FileResource, notice: (message: string) => void): Candidate {
  const [only, another] = candidates
  if (only !== undefined && another === undefined) return only
  const undated = candidates.find(({ moment }) => moment === undefined)
  if (resource.newestBy === 'modified') return newestModified(candidates)
  if (undated === undefined) return newestNamed(candidates)
  if (resource.newestBy === 'date-in-name') throw tied([undated], 'has no date in its name, so it cannot be compared')
  if (candidates.some(({ moment }) => moment !== undefined)) {
    notice(`${undated.id} has no date in its name, so the newest of ${candidates.length} files is the one modified last.`)
  }
  return newestModified(candidates)
}

function newestNamed(candidates: readonly Candidate[]): Candidate {
  const last = greatest(candidates, ({ moment }) => moment?.date ?? '')
  return single(greatest(last, timesOf(last)), 'carry the same date in their names')
}

function newestModified(candidates: readonly Candidate[]): Candidate {
  return single(
    greatest(candidates, ({ modifiedNs }) => modifiedNs),
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

function single(files: readonly Candidate[], why: string): Candidate {
  const [file, ...others] = files
  if (file === undefined || others.length > 0) throw tied(files, why)
  return file
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function tied(files: readonly FoundFile[], why: string): SluiceError {
  const names = files.slice(0, shownNames).map(({ id }) => id)
  if (files.length > shownNames) names.push(`${files.length - shownNames} more`)
  return new SluiceError('FILES_TIED', `${names.join(' and ')} ${why}.`, {
    hint: "Narrow the pattern, remove the file that does not count, or set `newestBy: 'modified'` in the extract script.",
    details: { files: names },
  })
}

function notFound({ folder, seen }: Listing, { pattern }: FileResource): SluiceError {
  const others = seen === 1 ? 'there is 1 other file' : `there are ${seen} other files`
  return new SluiceError('FILE_NOT_FOUND', `No file in ${folder} matches ${pattern}; ${others}.`, {
    hint: 'Correct the pattern in the extract script, or have the file delivered.',
    details: { folder, pattern, files: seen },
  })
}

function isEmpty({ id }: FoundFile, { folder }: Listing): SluiceError {
  return new SluiceError('FILE_EMPTY', `${id} in ${folder} has no byte in it.`, {
    hint: 'Have the file delivered again, or set `allowEmpty: true` in the extract script.',
    details: { file: id, folder },
  })
}
