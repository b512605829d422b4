/**
 * The git repository around a folder, as its own files tell it: where it stands is read without starting a process,
 * in some tenths of a millisecond. Never throws for what it finds there; what cannot be read is left out.
 */
import { readFileSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Repository, RepositoryState } from '../../src/internal.ts'
import { contentsOf, wayOf } from './repository-contents.ts'

export interface RepositoryOptions {
  /** What git is started with; without what names another repository. @default the environment of this process */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

interface GitFolders {
  /** Of this worktree: HEAD, the index, what is under way. */
  readonly own: string
  /** Of all worktrees: branches, the stash. Mostly the same folder. */
  readonly common: string
}

/** Older ones were left by a git that died. */
const MAX_LOCK_AGE_MS = 60_000
/** More than any of git's one-line files has. */
const MAX_LINE_BYTES = 4096
/** One ref may name another; git follows five. */
const MAX_REF_STEPS = 5
const UNDER_WAY = [
  'MERGE_HEAD',
  'MERGE_AUTOSTASH',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'rebase-merge',
  'rebase-apply',
  'BISECT_LOG',
]
/** Goes on for days, and files may be written meanwhile. */
const HARMLESS = 'BISECT_LOG'
/** What HEAD says where the refs are kept in tables, which are not read here. */
const NO_REF_FILES = 'ref: refs/heads/.invalid'

/** `dir` may be below the top of the repository; it is looked for anew each time. */
export function gitRepository(dir: string, { environment = process.env }: RepositoryOptions = {}): Repository {
  return {
    state: async () => {
      const folders = foldersOf(dir)
      return folders === undefined ? null : stateOf(folders, isItsHook(environment))
    },
    way: (from, to) => wayOf(dir, from, to, environment),
    contents: (commit, paths) => contentsOf(dir, commit, paths, environment),
  }
}

/** Upwards until there is a `.git`: a folder, or the file that worktrees and submodules have in its place. */
function foldersOf(dir: string): GitFolders | undefined {
  const start = quietly(() => realpathSync.native(dir))
  for (let folder = start; folder !== undefined; folder = folder === dirname(folder) ? undefined : dirname(folder)) {
    const entry = join(folder, '.git')
    const stats = statsOf(entry)
    if (stats === undefined) continue
    if (!stats.isDirectory()) return linkedFolders(folder, lineOf(entry))
    // Git, too, passes over a folder that only has the name.
    if (signOf(join(entry, 'HEAD')) !== '') return withCommon(entry)
  }
  return undefined
}

function linkedFolders(folder: string, line: string | undefined): GitFolders | undefined {
  const [, target] = /^gitdir: (.+)$/.exec(line ?? '') ?? []
  if (target === undefined) return undefined
  const own = resolve(folder, target)
  return signOf(join(own, 'HEAD')) === '' ? undefined : withCommon(own)
}

function withCommon(own: string): GitFolders {
  const common = lineOf(join(own, 'commondir'))
  return { own, common: common === undefined ? own : resolve(own, common) }
}

/** Git waits for its hooks: the lock that it holds meanwhile will not go away by waiting for it. */
function isItsHook({ GIT_INDEX_FILE }: RepositoryOptions['environment'] & object): boolean {
  return GIT_INDEX_FILE?.endsWith('index.lock') === true
}

function stateOf({ own, common }: GitFolders, isHook: boolean): RepositoryState {
  const refs = refsIn(common)
  const said = lineOf(join(own, 'HEAD')) ?? ''
  const head = refs.follow(said)
  const underWay = UNDER_WAY.filter((name) => signOf(join(own, name)) !== '')
  // The last two tell a reset to the same commit and a return to it, which the refs do not show.
  const signs = [join(own, 'ORIG_HEAD'), join(own, 'logs', 'HEAD')]
  if (said === NO_REF_FILES) signs.push(join(own, 'reftable', 'tables.list'), join(common, 'reftable', 'tables.list'))
  // Without its log there is no stash, and no need to search the packed refs for it.
  const stash = signOf(join(common, 'logs', 'refs', 'stash')) === '' ? undefined : refs.read('refs/stash')
  const parts = [said, head ?? '', stash ?? '', underWay.join(','), ...signs.map(signOf)]
  return {
    head,
    mark: parts.join(';'),
    isBusy: !isHook && isLocked({ own, common }, said),
    isUnderWay: underWay.some((name) => name !== HARMLESS),
  }
}

/** From the first file that is written to the moved branch: git holds one lock after the other. */
function isLocked({ own, common }: GitFolders, said: string): boolean {
  const [, branch] = /^ref: (refs\/heads\/\S+)$/.exec(said) ?? []
  const locks = ['index.lock', 'ORIG_HEAD.lock', 'HEAD.lock'].map((name) => join(own, name))
  if (branch !== undefined && !branch.includes('..')) locks.push(join(common, `${branch}.lock`))
  return locks.some((path) => {
    const lock = statsOf(path)
    // Far in the future is another machine's clock: nothing to wait for.
    return lock !== undefined && Math.abs(Date.now() - lock.mtimeMs) < MAX_LOCK_AGE_MS
  })
}

interface Refs {
  /** What a ref's own text says: a commit, another ref, or undefined. */
  read(ref: string): string | undefined
  /** The commit that a text leads to. */
  follow(said: string): string | null
}

function refsIn(common: string): Refs {
  let packed: Buffer | undefined
  const read = (ref: string): string | undefined => {
    const loose = lineOf(join(common, ref))
    if (loose !== undefined) return loose
    packed ??= bytesOf(join(common, 'packed-refs'))
    return packedRef(packed, ref)
  }
  const follow = (said: string, steps = MAX_REF_STEPS): string | null => {
    if (isCommit(said)) return said
    const [, ref] = /^ref: (refs\/\S+)$/.exec(said) ?? []
    if (ref === undefined || ref.includes('..') || steps === 0) return null
    return follow(read(ref) ?? '', steps - 1)
  }
  return { read, follow }
}

/** One line for each: the commit, a space, the name; searched as bytes, there may be a hundred thousand. */
function packedRef(packed: Buffer, ref: string): string | undefined {
  const at = packed.indexOf(` ${ref}\n`)
  if (at === -1) return undefined
  const commit = packed.toString('latin1', packed.lastIndexOf('\n', at) + 1, at)
  return isCommit(commit) ? commit : undefined
}

/** SHA-1 or SHA-256. */
function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}

/** The first line of a small file; undefined when there is no such file or it cannot be read. */
function lineOf(path: string): string | undefined {
  // Asked for first: an error that is thrown and caught costs more than the rest, and reading a pipe would wait for ever.
  const stats = statsOf(path)
  if (stats?.isFile() !== true || stats.size > MAX_LINE_BYTES) return undefined
  const text = quietly(() => readFileSync(path, 'utf8'))
  return text === undefined ? undefined : /^.*/.exec(text)?.[0].trimEnd()
}

function bytesOf(path: string): Buffer {
  const bytes = statsOf(path)?.isFile() === true ? quietly(() => readFileSync(path)) : undefined
  return bytes ?? Buffer.alloc(0)
}

/** Differs when a file was written or replaced; empty when there is none. */
function signOf(path: string): string {
  const stats = statsOf(path)
  return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`
}

function statsOf(path: string): Stats | undefined {
  return quietly(() => statSync(path, { throwIfNoEntry: false }))
}

/** Whatever goes wrong in another program's files is theirs: it counts as not there. */
function quietly<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
