/** So often a reading that waits shows that it is alive. */
const beatMs = 5_000

/** The steps of the work, and `waiting` whenever it has been silent for a while. */
export async function* alive<T>(work: AsyncGenerator<T>): AsyncGenerator<T | 'waiting'> {
  try {
    for (let next = work.next(); ; ) {
      const step = await firstOf(next)
      if (step === 'waiting') {
        yield step
        continue
      }
      if (step.done === true) return
      yield step.value
      next = work.next()
    }
  } finally {
    // Not awaited: it may be in the middle of a request, whose end nobody waits for.
    work.return(undefined).catch(() => undefined)
  }
}

async function firstOf<T>(next: Promise<IteratorResult<T>>): Promise<IteratorResult<T> | 'waiting'> {
  next.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const beat = new Promise<'waiting'>((resolve) => {
    timer = setTimeout(() => resolve('waiting'), beatMs)
  })
  try {
    return await Promise.race([next, beat])
  } finally {
    clearTimeout(timer)
  }
}
