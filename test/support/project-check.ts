/** What must hold between workspaces once everybody has heard everything. */
import { openReplica } from '../../src/task/replica.ts'
import type { ProjectWorld } from './project-simulation.ts'
import { lossesIn } from './losses.ts'
import { shownText, tableText } from './simulation-text.ts'

/** Call while nothing is under way; asks every workspace through new processes. */
export async function projectProblemsOf(world: ProjectWorld): Promise<readonly string[]> {
  const problems = [...world.problems, ...world.workspaces.flatMap((workspace) => workspace.problems)]
  const [first] = world.workspaces
  if (first === undefined) return ['nobody is left']
  const fresh = openReplica([first.shadow.encode()], () => undefined)
  const now = first.runtime.now()
  for (const { place, shadow } of world.workspaces) {
    if (tableText(shadow.tasks) !== tableText(fresh.tasks))
      problems.push(
        `T4 workspace ${place} has another table\n${tableText(shadow.tasks)}\n---\n${tableText(fresh.tasks)}`,
      )
    else if (shownText(shadow, now) !== shownText(fresh, now))
      problems.push(
        `T4 workspace ${place} shows something else\n${shownText(shadow, now)}\n---\n${shownText(fresh, now)}`,
      )
  }
  problems.push(...lossesIn(first.shadow, world.book.operations))
  for (const workspace of world.workspaces) {
    await workspace.close()
    problems.push(...(await workspace.look()))
    await workspace.close()
  }
  return problems
}
