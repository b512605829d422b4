/** Commits in a map: the twin of the port for tests and simulations. Has no branches and changes no files. */
import { TaskError, type Repository } from '../../src/internal.ts'

export interface MemoryRepository extends Repository {
  /** Makes a commit of these files, and of no others, and checks it out. */
  commit(contents: ReadonlyMap<string, Uint8Array>): string
  checkout(commit: string): void
  /** What a stash or a reset to the same commit does: the mark changes, the head does not. */
  touch(): void
  /** Whether it says that it is in the middle of something. */
  busy: boolean
  /** Whether a merge or rebase was begun and is not over. */
  underWay: boolean
}

export function memoryRepository(): MemoryRepository {
  const commits = new Map<string, ReadonlyMap<string, Uint8Array>>()
  let head: string | null = null
  let moves = 0

  const moveTo = (commit: string): void => {
    head = commit
    moves++
  }

  const repository: MemoryRepository = {
    busy: false,
    underWay: false,
    commit: (contents) => {
      const commit = (commits.size + 1).toString(16).padStart(40, '0')
      commits.set(commit, new Map([...contents].map(([path, bytes]) => [path, bytes.slice()])))
      moveTo(commit)
      return commit
    },
    checkout: (commit) => {
      if (!commits.has(commit)) throw new TaskError('FAULT', { problem: `there is no commit ${commit}` })
      moveTo(commit)
    },
    touch: () => void moves++,
    state: async () => ({
      head,
      mark: `${head ?? ''};${moves}`,
      isBusy: repository.busy,
      isUnderWay: repository.underWay,
    }),
    contents: async (commit, paths) => {
      const held = commits.get(commit)
      return new Map(
        paths.flatMap((path): readonly (readonly [string, Uint8Array])[] => {
          const bytes = held?.get(path)
          return bytes === undefined ? [] : [[path, bytes.slice()]]
        }),
      )
    },
  }
  return repository
}
