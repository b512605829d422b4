/** A reader beside the process that holds the workspace: lets that one take in what was saved, or is told to look for itself. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { TaskError, type Project } from '../src/index.ts'
import { connect, reachConnection, type RemoteWorkspace } from './open.ts'
import type { OwnerFound, Place } from './workspace-world.ts'

/** Beyond it to look at all files costs less than to wait: the holder may be stopped, or busy with many of them. */
const WAIT_MS = 300
/** What is known of a file takes a hundred bytes or two: of fewer than some 2,000 a look costs no more than to ask. */
const LEAST_INDEX_BYTES = 256 * 1024

/** True: every file that was saved until now is taken in. False: nobody says so. */
export async function settledByHolder(place: Place, project: string): Promise<boolean> {
  if (!hasManyFiles(place.dir)) return false
  const signal = AbortSignal.timeout(WAIT_MS)
  try {
    const connection = await reachConnection(place, { signal })
    if (connection === undefined) return false
    using holder = await connect(connection, place, project, { signal })
    return (await holder.call('workspace.settle', {})).settled
  } catch (cause) {
    // Not an answer: who must have one meets the same trouble again, and tells it.
    if (cause instanceof TaskError || signal.aborted) return false
    throw cause
  }
}

/** The holder, told what this process saw changed: its watch may never hear of that. */
export async function askHolder({ connection }: OwnerFound, place: Place, project: Project): Promise<RemoteWorkspace> {
  const holder = await connect(connection, place, project.world.config.project)
  try {
    const paths = await project.files.found()
    if (paths === null || paths.length > 0) await holder.call('workspace.settle', { paths })
    return holder
  } catch (cause) {
    // Of an earlier version: it looks now and then by itself.
    if (cause instanceof TaskError && cause.code === 'METHOD_NOT_FOUND') return holder
    holder[Symbol.dispose]()
    throw cause
  }
}

function hasManyFiles(dir: string): boolean {
  return (statSync(join(dir, '.tidemark', 'files'), { throwIfNoEntry: false })?.size ?? 0) >= LEAST_INDEX_BYTES
}
