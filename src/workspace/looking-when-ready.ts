/** A look at the files when version control is not just changing them. Waits a bounded time. */
import type { Look } from '../mirror/looking.ts'
import type { Mirror } from '../mirror/mirror.ts'
import type { Runtime } from '../ports.ts'
import type { FilesOptions } from './files-exchange.ts'

const BUSY = { rounds: 20, ms: 50 }

export async function lookWhenReady(
  mirror: Mirror,
  runtime: Runtime,
  { force, takeFiles, paths }: FilesOptions,
  round: number,
): Promise<Look> {
  const isFirst = round === 1
  const options = {
    trustsNothing: force === true && isFirst,
    takesOlder: takeFiles === true && isFirst,
    ...(paths === undefined ? {} : { paths }),
  }
  for (let turn = 1; ; turn++) {
    const seen = await mirror.look(options)
    if (seen.repository?.isBusy !== true) return seen
    // Version control does not end: what it left behind is not taken for edits.
    if (turn === BUSY.rounds) return { ...seen, hasMoved: true }
    await runtime.sleep(BUSY.ms)
  }
}
