/** Plays one schedule of a relay and its workspaces to its end. */
// What is loaded only when it is needed takes as long as the disk takes: in a schedule nothing waits for a disk.
import '../../src/task/seeds.ts'
import '../../src/task/twins.ts'
import '../../src/workspace/absorbing.ts'
import '../../src/workspace/body-edits.ts'
import '../../src/workspace/file-comparison.ts'
import '../../src/workspace/listing.ts'
import '../../src/workspace/mirroring.ts'
import '../../src/workspace/writing.ts'
import { relayProblemsOf } from './relay-check.ts'
import { RelayWorld, type RelaySchedule, type Sabotage } from './relay-simulation.ts'
import type { Played } from './playing.ts'

export async function playRelay(schedule: RelaySchedule, sabotage: Sabotage = {}): Promise<Played<RelayWorld>> {
  const world = new RelayWorld(schedule, sabotage)
  try {
    await world.begin()
    for (const step of schedule.steps) await world.take(step)
    await world.heal()
    const problems = await relayProblemsOf(world)
    await world.end()
    return { world, problems }
  } catch (cause) {
    return { world, problems: [`thrown ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`] }
  }
}
