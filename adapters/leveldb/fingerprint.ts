/** A text that changes with every commit to a store and with every opening of it: what lies beside a store is verified by it. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing, newestLog } from './folder.ts'

/**
 * The empty text when there is no store. Cheap and never waiting: two names and a size, no lock, nothing opened.
 * It does not promise that equal texts mean equal stores of different folders.
 *
 * LevelDB appends every write to its newest log before it settles; opening makes a new MANIFEST, named in CURRENT;
 * compaction in the background touches neither.
 */
export function storeFingerprint(path: string): string {
  const newest = newestLog(path)
  if (newest === undefined) return ''
  return `${newest.current.trim()}/${newest.log}/${sizeOf(join(path, newest.log))}`
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    // The holder went on to its next log meanwhile: that is a change, and any answer that differs says so.
    if (isMissing(error)) return -1
    throw error
  }
}
