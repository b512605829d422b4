/** Takes in files for a process that reads without the store: what was heard of, and what that process found changed. */
import type { Params, Result } from '../api/methods.ts'
import { invalid } from '../task/input.ts'
import type { Project } from './project.ts'

/** Beyond this many a look at all files costs less than one at each. */
const MOST_PATHS = 1_000

export async function settleFiles(
  project: Project,
  { paths = [] }: Params<'workspace.settle'>,
): Promise<Result<'workspace.settle'>> {
  const found = parsePaths(paths)
  if (project.isLive) return { settled: await project.files.settle(found) }
  await project.lookAtFiles()
  return { settled: true }
}

function parsePaths(paths: unknown): readonly string[] | null {
  if (paths === null) return null
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string'))
    throw invalid('paths', 'they are no list of paths', 'give a list, as in ["tasks/T-1.md"], or null for all files')
  return paths.length > MOST_PATHS ? null : paths
}
