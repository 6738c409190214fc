import type { ReadRequest } from '../contracts/source.ts'
import type { Resource } from '../model/script.ts'

/** A request for everything of a resource, by a script that has read nothing before; `asked` stands instead of its parts. */
export function readRequest(resource: Resource, asked: Partial<ReadRequest> = {}): ReadRequest {
  return {
    resource,
    batch: '2025-01-01',
    cursor: undefined,
    lower: undefined,
    upper: undefined,
    seenFiles: async () => new Map(),
    filesAgain: undefined,
    partitionsAgain: undefined,
    signal: new AbortController().signal,
    retry: (work) => work(),
    notice: () => {},
    log: () => {},
    ...asked,
  }
}
