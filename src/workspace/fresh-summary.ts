/** The summary as it is on the disk, if it says what the store holds. Takes no lock. */
import { TaskError } from '../errors.ts'
import { readSummary, type Summary } from './summary.ts'
import type { ProjectWorld } from './world.ts'

/** A writer between its commit and its seal needs a moment; after these tries the summary is taken for stale. */
const FRESH_TRIES = 8

export async function readFreshSummary({
  summary: files,
  config,
  runtime,
}: ProjectWorld): Promise<Summary | undefined> {
  for (let attempt = 0; attempt < FRESH_TRIES; attempt++) {
    const summary = await readSummary(files, config)
    if (summary === undefined || summary.seal.mark === files.mark()) return summary
    await runtime.sleep(1 + attempt)
  }
  return undefined
}

/** For the holder of the store: made again where someone has taken the files away. */
export async function readMended(
  { summary: files, config }: ProjectWorld,
  rebuild: () => Promise<void>,
): Promise<Summary> {
  const found = await readSummary(files, config)
  if (found !== undefined) return found
  await rebuild()
  const made = await readSummary(files, config)
  if (made !== undefined) return made
  throw new TaskError('FAULT', { problem: 'the summary could not be made' })
}
