/** A git repository in a temporary folder, and a person at work in it. Knows nothing of this machine's settings. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface GitFolder extends Disposable {
  readonly path: string
  /** Runs git there, or in a folder below it, and gives what it prints. */
  git(args: readonly string[], below?: string): string
  put(path: string, bytes: string | Uint8Array): void
  /** Makes a commit that holds these files below a folder, and no others there. */
  commit(files: ReadonlyMap<string, string | Uint8Array>, below?: string): string
}

const settings: readonly string[] = [
  'user.name=Person',
  'user.email=person@example.org',
  'init.defaultBranch=main',
  'protocol.file.allow=always',
  'core.fsync=none',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting])

export function gitFolder(): GitFolder {
  const path = realpathSync.native(mkdtempSync(join(tmpdir(), 'tide-git-')))
  const git = (args: readonly string[], below = ''): string =>
    execFileSync('git', [...settings, ...args], {
      cwd: join(path, below),
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', HOME: path },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  const put = (name: string, bytes: string | Uint8Array): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), bytes)
  }
  return {
    path,
    git,
    put,
    commit: (files, below = '') => {
      for (const name of readdirSync(join(path, below))) {
        if (name !== '.git') rmSync(join(path, below, name), { recursive: true })
      }
      for (const [name, bytes] of files) put(join(below, name), bytes)
      git(['add', '--all', '.'], below)
      git(['commit', '--quiet', '--allow-empty', '--message', 'work'], below)
      return git(['rev-parse', 'HEAD'], below)
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
