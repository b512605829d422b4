/** The document of a store, loaded when it is needed and not before. */
import type { Replica } from '../task/replica.ts'
import type { Held } from './held.ts'
import type { ProjectWorld } from './world.ts'

/** `held`: where rows are lost, everything that came after them is there all the same. */
export async function openReplicaOf(
  updates: readonly Uint8Array[],
  { runtime }: Pick<ProjectWorld, 'runtime'>,
  held?: Held,
): Promise<Replica> {
  const { openReplica } = await import('../task/replica.ts')
  const lostFrom = held?.lostFrom
  return openReplica(updates, runtime.log, lostFrom === undefined ? {} : { lostFrom })
}
