/** The mirror, part by part: commands beside files, the format alone, long bodies, a live owner. Each figure with the one it must reach. */
import { bodiesBench } from './mirror-bodies.ts'
import { commandsBench } from './mirror-commands.ts'
import { formatBench } from './mirror-format.ts'
import { liveBench } from './mirror-live.ts'

export async function mirrorBench(): Promise<void> {
  formatBench()
  await commandsBench()
  bodiesBench()
  liveBench()
}
