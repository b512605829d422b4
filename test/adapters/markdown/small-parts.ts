/** What both small formats need of patches and folders. */
import type { FormatFolder, TaskPatch } from '../../../src/internal.ts'

/** All that is asked of one task, the last wish for a field counting. */
export function mergedPatches(patches: readonly TaskPatch[], task: number): TaskPatch {
  return patches
    .filter((patch) => patch.task === task)
    .reduce<TaskPatch>(
      (all, one) => ({ ...all, ...one, fields: { ...all.fields, ...one.fields }, sets: { ...all.sets, ...one.sets } }),
      { task },
    )
}

/** The first list that can be added to, or begun. */
export function homeFor(stem: string, folder: FormatFolder): string {
  for (let number = 1; ; number++) {
    const path = `${stem}${number === 1 ? '' : `-${number}`}.md`
    if (!folder.isTaken(path) || folder.text(path) !== undefined) return path
  }
}
