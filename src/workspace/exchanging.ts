/** `workspace.sync`: one exchange with the task files and one with the relay; nothing is ever discarded. */
import type { Params, Problem, SyncReport } from '../api/methods.ts'
import type { Lost } from './claim-state.ts'
import type { Project } from './project.ts'
import { claimProblems } from './reading.ts'
import { NO_RELAY, settleWithin, unsynced, type Relaying } from './relaying.ts'

export async function exchangeOnce(
  project: Project,
  params: Params<'workspace.sync'>,
  relaying: Relaying | undefined,
): Promise<SyncReport> {
  const { force, takeFiles } = params
  const before = new Set(project.claims.state.lost)
  const files = await project.lookAtFiles({ force: force === true, takeFiles: takeFiles === true })
  if (relaying !== undefined) await settleWithin(relaying, project.world.runtime, params)
  const relay = relaying?.report() ?? NO_RELAY
  const left = await unsynced(project)
  return {
    files,
    // Without a relay this workspace's own disk is all there is, and there it is.
    relay: { ...relay, saved: left === 0 && (relay.state === 'synced' || relay.state === 'none') },
    unsynced: left,
    problems: [...(await project.fileProblems()), ...(await lostMeanwhile(project, before))],
  }
}

/** Claims that were tentative before, and that somebody else got. */
async function lostMeanwhile(project: Project, before: ReadonlySet<Lost>): Promise<readonly Problem[]> {
  const lost = project.claims.state.lost.filter((one) => !before.has(one))
  return lost.length === 0 ? [] : claimProblems(project, await project.tasks(), lost)
}
