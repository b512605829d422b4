/** What repositories remember of markdown bodies: of files that both sides of a merge changed, of single commits. Asks git for all of it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface MergedFile {
  /** Commit and path. */
  readonly where: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** Absent where git found a conflict. */
  readonly clean?: string
}

export interface PulledFile {
  readonly where: string
  readonly before: string
  readonly after: string
  /** The same file a commit later, where there is one. */
  readonly later?: string
}

interface Changed {
  readonly commit: string
  readonly path: string
  readonly from: string
  readonly to: string
}

const MARKDOWN = ['--', '*.md']
const RAW = ['-r', '--raw', '--no-renames', '--no-abbrev', '--diff-filter=M']
const ID = '[0-9a-f]{40,64}'
const HEADER = new RegExp(`^${ID}`)
const CHANGED = new RegExp(`^:\\d+ \\d+ (${ID}) (${ID}) M\\t(.*)$`)
const MOST_AT_ONCE = 500

type Wanted = readonly [where: string, ...ids: string[]]

/** Every merge of two parents; the same three texts once, however often they were merged. */
export function* mergedFiles(repository: string): Generator<MergedFile> {
  for (const { where, texts } of read(repository, changedByBoth(repository))) {
    const [base, ours, theirs] = texts
    if (base === undefined || ours === undefined || theirs === undefined) continue
    if (new Set([base, ours, theirs]).size < 3) continue
    const clean = mergedByGit([ours, base, theirs])
    yield { where, base, ours, theirs, ...(clean === undefined ? {} : { clean }) }
  }
}

/** Changes of single files, as many as asked for, spread evenly over the history. */
export function* pulledFiles(repository: string, most: number): Generator<PulledFile> {
  const log = git(repository, ['log', '--all', '--no-merges', '--format=%H', ...RAW, ...MARKDOWN])
  const all = changedIn(log).flat()
  const later = new Map(all.map(({ path, from, to }) => [`${path}\0${from}`, to]))
  const step = Math.max(1, all.length / most)
  const some = all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step))
  const wanted = some.map(({ commit, path, from, to }): Wanted => [
    placeOf(commit, path),
    from,
    to,
    later.get(`${path}\0${to}`) ?? '',
  ])
  for (const { where, texts } of read(repository, wanted)) {
    const [before, after, next] = texts
    if (before !== undefined && after !== undefined && before !== after)
      yield { where, before, after, ...(next === undefined ? {} : { later: next }) }
  }
}

/** Base, ours and theirs of each file. */
function changedByBoth(repository: string): readonly Wanted[] {
  const merges = merged(repository)
  const pairs = merges.flatMap(({ base, sides }) => sides.map((side) => `${side} ${base}`))
  const changed = changedIn(git(repository, ['diff-tree', '--stdin', '--always', ...RAW, ...MARKDOWN], [0], pairs))
  if (changed.length !== pairs.length) throw new Error('git diff-tree answered something else than was asked')
  const found = new Map<string, Wanted>()
  for (const [index, { merge }] of merges.entries()) {
    const [ours = [], theirs = []] = changed.slice(index * 2, index * 2 + 2)
    for (const { path, from, to } of ours) {
      const other = theirs.find((one) => one.path === path)
      if (other !== undefined && other.to !== to)
        found.set([from, to, other.to].sort().join(), [placeOf(merge, path), from, to, other.to])
    }
  }
  return [...found.values()]
}

interface Merge {
  readonly merge: string
  readonly base: string
  readonly sides: readonly [string, string]
}

function merged(repository: string): readonly Merge[] {
  const lines = git(repository, ['rev-list', '--all', '--min-parents=2', '--max-parents=2', '--parents']).split('\n')
  return lines.flatMap((line) => {
    const [merge = '', one, other] = line.split(' ')
    if (one === undefined || other === undefined) return []
    const [base = ''] = git(repository, ['merge-base', one, other], [0, 1]).split('\n')
    // A side that is the base itself changed nothing.
    return ['', one, other].includes(base) ? [] : [{ merge, base, sides: [one, other] }]
  })
}

function placeOf(commit: string, path: string): string {
  return `${commit.slice(0, 10)}:${path}`
}

/** The files of each commit, in the order of the commits. */
function changedIn(raw: string): readonly (readonly Changed[])[] {
  const commits: Changed[][] = []
  let commit = ''
  for (const line of raw.split('\n')) {
    if (HEADER.test(line)) {
      commit = line
      commits.push([])
      continue
    }
    const [, from, to, path] = CHANGED.exec(line) ?? []
    if (from !== undefined && to !== undefined && path !== undefined) commits.at(-1)?.push({ commit, path, from, to })
  }
  return commits
}

/** The bodies of blobs; undefined for one that is not there, or no text. */
function* read(
  repository: string,
  wanted: readonly Wanted[],
): Generator<{ readonly where: string; readonly texts: readonly (string | undefined)[] }> {
  for (let from = 0; from < wanted.length; from += MOST_AT_ONCE) {
    const some = wanted.slice(from, from + MOST_AT_ONCE)
    const texts = blobs(
      repository,
      [...new Set(some.flatMap(([, ...ids]) => ids))].filter((id) => id !== ''),
    )
    for (const [where, ...ids] of some) yield { where, texts: ids.map((id) => texts.get(id)) }
  }
}

function blobs(repository: string, ids: readonly string[]): ReadonlyMap<string, string> {
  const answer = run(repository, ['cat-file', '--batch'], [0], ids)
  const found = new Map<string, string>()
  for (let at = 0; at < answer.length;) {
    const end = answer.indexOf('\n', at)
    const [id = '', kind, size] = answer.toString('latin1', at, end).split(' ')
    at = end + 1
    if (kind !== 'blob') continue
    const text = answer.toString('utf8', at, at + Number(size))
    if (!text.includes('\0')) found.set(id, bodyIn(text.replaceAll('\r\n', '\n')))
    at += Number(size) + 1
  }
  return found
}

/** Without the front matter, which is merged field by field. */
function bodyIn(text: string): string {
  return text.replace(/^---\n(?:.*\n)*?---(?:\n|$)/, '')
}

/** As git merges two texts line by line; undefined at a conflict. */
function mergedByGit(texts: readonly [ours: string, base: string, theirs: string]): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-replay-'))
  try {
    const names = texts.map((text, index) => {
      writeFileSync(join(dir, String(index)), text)
      return String(index)
    })
    const { status, stdout } = spawnSync('git', ['merge-file', '-p', ...names], { cwd: dir, encoding: 'utf8' })
    return status === 0 ? stdout : undefined
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function git(
  repository: string,
  args: readonly string[],
  good: readonly number[] = [0],
  lines: readonly string[] = [],
): string {
  return run(repository, args, good, lines).toString('utf8')
}

function run(repository: string, args: readonly string[], good: readonly number[], lines: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('git', ['-C', repository, '-c', 'core.quotePath=false', ...args], {
    input: lines.map((line) => `${line}\n`).join(''),
    maxBuffer: 2 ** 31 - 1,
  })
  if (status === null || !good.includes(status))
    throw new Error(`git ${args[0] ?? ''}: ${stderr.toString().slice(0, 500)}`)
  return stdout
}
