/** Questions for which a git process is started: what files held in a commit (stored bytes, no filters), and which commits lie between two. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

import type { Way } from '../../src/internal.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Set inside of git's hooks; they would lead to another repository than the folder is in. */
const MISLEADING = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
]
const LF = 0x0a

/** Empty where git is missing or fails. Paths are relative to `dir`, not to the top of the repository. */
export async function contentsOf(
  dir: string,
  commit: string,
  paths: readonly string[],
  environment: Environment,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const asked = paths.filter(canBeAsked)
  if (asked.length === 0 || !isCommit(commit)) return new Map()
  // Links are followed as when the file is read from the disk.
  const command = ['cat-file', '--batch', '--follow-symlinks']
  const answer = await ask(dir, command, asked.map((path) => `${commit}:./${path}\n`).join(''), environment)
  return answer === undefined ? new Map() : read(answer, asked)
}

/** More than a person pulls between two looks; what lies further apart is taken as one change. */
const MOST_COMMITS = 32

/** By first parents: the way that everyone's history of one branch goes. */
export async function wayOf(dir: string, from: string, to: string, environment: Environment): Promise<Way> {
  if (!isCommit(from) || !isCommit(to)) return { fork: null, commits: [] }
  if (from === to) return { fork: from, commits: [] }
  const [fork] = await linesOf(dir, ['merge-base', from, to], environment)
  if (fork === undefined || !isCommit(fork)) return { fork: null, commits: [to] }
  if (fork === to) return { fork, commits: [] }
  const lines = await linesOf(
    dir,
    ['rev-list', '--first-parent', '--reverse', '--boundary', `${fork}..${to}`],
    environment,
  )
  const commits = lines.filter(isCommit)
  // The first parents may pass the fork by: then there is no way that everyone goes.
  const isWay = lines.includes(`-${fork}`) && commits.length <= MOST_COMMITS
  return { fork, commits: isWay ? commits : [to] }
}

async function linesOf(dir: string, command: readonly string[], environment: Environment): Promise<readonly string[]> {
  const answer = await ask(dir, command, '', environment)
  return (
    answer
      ?.toString('latin1')
      .split('\n')
      .filter((line) => line !== '') ?? []
  )
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40,64}$/.test(text)
}

/** One request is one line. Git refuses them all for one path that leaves the repository. */
function canBeAsked(path: string): boolean {
  return !/[\0\r\n]/.test(path) && !path.split('/').some((name) => name === '' || name === '.' || name === '..')
}

/** Undefined unless git ended well. Writing and reading go on side by side: neither pipe can fill up and stop both. */
function ask(
  dir: string,
  command: readonly string[],
  requests: string,
  environment: Environment,
): Promise<Buffer | undefined> {
  return new Promise((settle) => {
    const git = start(dir, command, environment)
    const chunks: Buffer[] = []
    git.once('error', () => settle(undefined))
    // Not started: the error is on its way, and there may be no pipes.
    if (git.pid === undefined) return
    git.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk))
    git.once('close', (code) => settle(code === 0 ? Buffer.concat(chunks) : undefined))
    // It ended before it had read all; its exit code says so.
    git.stdin.on('error', () => undefined)
    git.stderr.resume()
    git.stdin.end(requests)
  })
}

function start(dir: string, command: readonly string[], environment: Environment): ChildProcessWithoutNullStreams {
  const kept = Object.entries(environment).filter(([name]) => !MISLEADING.includes(name))
  // Loaded at the first use: most commands start no process.
  const { spawn } = process.getBuiltinModule('node:child_process')
  return spawn('git', ['-C', dir, ...command], {
    // What a partial clone lacks is missing here: nothing is fetched, nobody is asked for a password.
    env: { ...Object.fromEntries(kept), GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' },
    windowsHide: true,
  })
}

/** Answers come in the order of asking: a line, and for all but the missing as many bytes as it says and a line end. */
function read(answer: Buffer, asked: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>()
  let at = 0
  for (const path of asked) {
    const end = answer.indexOf(LF, at)
    if (end === -1) break
    const line = answer.toString('utf8', at, end)
    at = end + 1
    if (/ (?:missing|ambiguous)$/.test(line)) continue
    const [, kind, size] = /^(?:[0-9a-f]{40,64} )?(\w+) (\d+)$/.exec(line) ?? []
    if (size === undefined) break
    if (kind === 'blob') contents.set(path, new Uint8Array(answer.subarray(at, at + Number(size))))
    at += Number(size) + 1
  }
  return contents
}
