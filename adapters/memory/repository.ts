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
  const parents = new Map<string, string | null>()
  let head: string | null = null
  let moves = 0

  const moveTo = (commit: string): void => {
    head = commit
    moves++
  }

  const ancestors = (commit: string): readonly string[] => {
    const found: string[] = []
    for (let at: string | null = commit; at !== null; at = parents.get(at) ?? null) found.push(at)
    return found
  }

  const repository: MemoryRepository = {
    busy: false,
    underWay: false,
    commit: (contents) => {
      const commit = (commits.size + 1).toString(16).padStart(40, '0')
      commits.set(commit, new Map([...contents].map(([path, bytes]) => [path, bytes.slice()])))
      parents.set(commit, head)
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
    way: async (from, to) => {
      const before = new Set(ancestors(from))
      const way = ancestors(to)
      const length = way.findIndex((commit) => before.has(commit))
      return length < 0
        ? { fork: null, commits: [to] }
        : { fork: way[length] ?? null, commits: way.slice(0, length).reverse() }
    },
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
