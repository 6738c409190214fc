/**
 * The steps of the work, each of which goes on while the one before is used. When they are no more wanted, `stop` is called,
 * and nobody waits for a step that is under way.
 */
export async function* oneAhead<T>(work: AsyncGenerator<T>, stop: () => void): AsyncGenerator<T> {
  try {
    for (let next = work.next(); ; ) {
      const step = await next
      if (step.done === true) return
      next = work.next()
      // It is heard of when its turn comes.
      next.catch(() => undefined)
      yield step.value
    }
  } finally {
    stop()
    work.return(undefined).catch(() => undefined)
  }
}
