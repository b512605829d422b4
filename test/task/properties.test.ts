/** What holds for tasks in any schedule: seeded worlds of workspaces, a bad network, crashes, copies, wrong clocks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failureText, play, playProject } from '../support/playing.ts'
import { projectScheduleOf } from '../support/project-simulation.ts'
import { scheduleOf, type Tally } from '../support/simulation.ts'
import { addTo, statesReached } from '../support/simulation-states.ts'

const DOCUMENTS = 300
const PROJECTS = 40

/** Rule → what broke it, as the fewest steps; seeds that broke it. */
const known = new Map<string, { readonly seeds: number[]; readonly text: string }>()
const reached: Tally = {}

/** Problems begin with their rule; what begins otherwise was thrown, and breaks them all. */
async function remember(problems: readonly string[], seed: number, tell: () => Promise<string>): Promise<void> {
  const rules = new Set(problems.map((problem) => /^T\d+/.exec(problem)?.[0] ?? 'thrown'))
  for (const rule of rules) {
    const before = known.get(rule)
    if (before === undefined) known.set(rule, { seeds: [seed], text: await tell() })
    else before.seeds.push(seed)
  }
}

function broken(...rules: readonly string[]): readonly unknown[] {
  return [...rules, 'thrown'].flatMap((rule) => known.get(rule) ?? [])
}

describe('documents of workspaces that hear of each other late, twice, out of order', () => {
  beforeAll(async () => {
    for (let seed = 1; seed <= DOCUMENTS; seed++) {
      const { world, problems } = play(scheduleOf(seed))
      addTo(reached, statesReached(world))
      await remember(problems, seed, () => failureText(scheduleOf(seed), (schedule) => play(schedule).problems))
    }
  })
  afterAll(() => known.clear())

  it('[T1] a write removes exactly the values its base saw: every other one is alive until a write that saw it', () => {
    expect(broken('T1')).toEqual([])
  })

  it('[T2] the latest value is shown, others that differ are listed, and nothing else is', () => {
    expect(broken('T2')).toEqual([])
  })

  it('[T3] a stamp is the writer’s clock or just above what it replaces; no shown time is still to come', () => {
    expect(broken('T3')).toEqual([])
  })

  it('[T4] whoever heard the same shows the same, and so does who begins from one merged update', () => {
    expect(broken('T4')).toEqual([])
  })

  it('[T5] a table kept up to date is the table read from the document anew', () => {
    expect(broken('T5')).toEqual([])
  })

  it('[T6] a file that nobody remembers says each thing once, below everything written, and is listed where it differs', () => {
    expect(broken('T6')).toEqual([])
  })

  it('[T7] an element of a set is there while one adding lives that no removal saw', () => {
    expect(broken('T7')).toEqual([])
  })

  it('[T8] edits of one body merge: each word stands there once until someone who saw it takes it out', () => {
    expect(broken('T8')).toEqual([])
  })

  it('[T9] bodies that began with different texts are rivals: one is shown, the others are listed whole', () => {
    expect(broken('T9')).toEqual([])
  })

  it('[T10] a body that was replaced by one who had not seen its last words stays listed with them', () => {
    expect(broken('T10')).toEqual([])
  })

  it('[T12] comments are only added, each is there once, in the order of their times', () => {
    expect(broken('T12')).toEqual([])
  })

  it('[T13] fields nobody knows are registers like others', () => {
    expect(broken('T13')).toEqual([])
  })

  it('[T14] a deletion lists the task with everything it had not seen, a restoring too', () => {
    expect(broken('T14')).toEqual([])
  })

  it('[T15] a purge takes away what it saw, for ever, and nothing else', () => {
    expect(broken('T15')).toEqual([])
  })

  it('[T16] of parents that form a circle everyone leaves out the same one, the latest', () => {
    expect(broken('T16')).toEqual([])
  })

  it('[T17] a change is only taken back while its fields are as it left them', () => {
    expect(broken('T17')).toEqual([])
  })

  it('[T18] no two tasks show one key', () => {
    expect(broken('T18')).toEqual([])
  })

  it('[T19] a confirmed key is shown as it was confirmed, wherever and whenever, though its maker may never return', () => {
    expect(broken('T19')).toEqual([])
  })

  it('the schedules reach what they are for', () => {
    const wanted = [
      'bodies in edit at once',
      'conflicts listed',
      'conflicts with a file',
      'confirmed keys',
      'copies',
      'crashes',
      'deletions contested',
      'delivered out of order',
      'delivered twice',
      'dependency cycles',
      'late files read',
      'numbers shared',
      'parent cycles',
      'partitions',
      'purged tasks with new life',
      'restarts',
      'rival bodies',
      'stamps still to come',
      'workspaces that never return',
      'writes from an old base',
    ]
    expect(wanted.filter((name) => (reached[name] ?? 0) === 0)).toEqual([])
  })
})

describe('projects on stores that are killed, copied, restored and told of each other', () => {
  beforeAll(async () => {
    for (let seed = 1; seed <= PROJECTS; seed++) {
      const { problems } = await playProject(projectScheduleOf(seed))
      await remember(problems, seed, () =>
        failureText(projectScheduleOf(seed), async (schedule) => (await playProject(schedule)).problems),
      )
    }
  })

  it('[T20] a copied directory, a killed process and a merged backup lose nothing that was acknowledged', () => {
    expect(broken('T1', 'T2', 'T4', 'T6', 'T7', 'T8', 'T9', 'T10', 'T12', 'T13', 'T14', 'T15')).toEqual([])
  })

  it('[T21] lists, details, conflicts and doctor say what the document says, whatever became of the summary', () => {
    expect(broken('T21')).toEqual([])
  })
})
