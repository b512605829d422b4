/** Plays schedules to their end and, when something does not hold, finds the fewest steps that still show it. */
import { logPerActor, type Mechanism } from './mechanisms.ts'
import { mirrorProblemsOf } from './mirror-check.ts'
import { MirrorWorld, type MirrorSchedule } from './mirror-simulation.ts'
import { projectProblemsOf } from './project-check.ts'
import { ProjectWorld, type ProjectSchedule } from './project-simulation.ts'
import { World, type Schedule } from './simulation.ts'
import { problemsOf } from './simulation-check.ts'

export interface Played<Played> {
  readonly world: Played
  readonly problems: readonly string[]
}

export function play(schedule: Schedule, mechanism: Mechanism = logPerActor): Played<World> {
  const world = new World(schedule, mechanism)
  try {
    for (const step of schedule.steps) world.take(step)
    world.settle()
    return { world, problems: problemsOf(world, mechanism) }
  } catch (cause) {
    return { world, problems: [thrown(cause)] }
  }
}

export async function playProject(schedule: ProjectSchedule): Promise<Played<ProjectWorld>> {
  const world = new ProjectWorld(schedule)
  try {
    await world.begin()
    for (const step of schedule.steps) await world.take(step)
    await world.settle()
    return { world, problems: await projectProblemsOf(world) }
  } catch (cause) {
    return { world, problems: [thrown(cause)] }
  }
}

export async function playMirror(schedule: MirrorSchedule): Promise<Played<MirrorWorld>> {
  const world = new MirrorWorld(schedule)
  try {
    await world.begin()
    for (const step of schedule.steps) await world.take(step)
    await world.settle()
    return { world, problems: await mirrorProblemsOf(world) }
  } catch (cause) {
    return { world, problems: [thrown(cause)] }
  }
}

interface AnySchedule {
  readonly seed: number
  readonly workspaces: number
  readonly steps: readonly { readonly kind: string; readonly dice: number }[]
}

/** What went wrong in a schedule: its seed, the fewest of its steps that still go wrong, and how. */
export async function failureText<Kind extends AnySchedule>(
  schedule: Kind,
  problems: (schedule: Kind) => readonly string[] | Promise<readonly string[]>,
): Promise<string> {
  let { steps } = schedule
  const fails = async (fewer: AnySchedule['steps']): Promise<boolean> =>
    (await problems({ ...schedule, steps: fewer })).length > 0
  for (let size = Math.ceil(steps.length / 2), wasFound = false; size >= 1; wasFound = false) {
    for (let at = 0; at < steps.length;) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)]
      if (await fails(fewer)) [steps, wasFound] = [fewer, true]
      else at += size
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (!wasFound) break
  }
  const told = steps.map(({ kind, dice }) => `${kind}(${dice})`).join(' ')
  const left = (await problems({ ...schedule, steps })).join('\n')
  return `seed ${schedule.seed}, ${schedule.workspaces} workspaces, of ${schedule.steps.length} steps these: ${told}\n${left}`
}

function thrown(cause: unknown): string {
  if (cause instanceof Error && /^T\d+ /.test(cause.message)) return cause.message
  return `thrown ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`
}
