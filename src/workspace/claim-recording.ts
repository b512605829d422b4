/** What was granted is written down: known here, and its holder an assignee. */
import type { GrantedClaim } from '../api/methods.ts'
import type { Grant, Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'
import { ASSIGNEE } from '../task/fields.ts'
import type { TaskState, Write } from '../task/registers.ts'
import { elements } from '../task/view.ts'
import { learning } from './claim-state.ts'
import type { Project } from './project.ts'

/** Adds who holds a task to its assignees, as an ordinary change; those who were there stay. */
export async function assign(project: Project, granted: readonly GrantedClaim[], by: string | null): Promise<void> {
  if (granted.length === 0) return
  await project.commit((tasks) => ({
    verb: 'claim',
    by,
    writes: granted.flatMap(({ uid }) => {
      const state = tasks.get(uid as Uid)
      return state === undefined ? [] : assigned(state, granted)
    }),
  }))
}

/** What the arbiter granted is known here from now on. */
export async function learn(project: Project, granted: readonly Grant[]): Promise<void> {
  const holdings = granted.map(({ isRenewed: _again, ...holding }): Holding => holding)
  await project.claims.change((state) => learning(state, holdings))
}

/** A tentative claim assigns nobody. */
export function assigned(state: TaskState, granted: readonly GrantedClaim[]): readonly Write[] {
  const { uid } = state
  const holders = granted.filter((one) => one.uid === uid && one.state === 'granted').map(({ by }) => by)
  const there = elements(state, ASSIGNEE)
  return holders.filter((by) => !there.includes(by)).map((by) => ({ uid, field: ASSIGNEE + by, value: true }))
}
