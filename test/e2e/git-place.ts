/** A workspace inside a git repository that knows nothing of this machine's settings. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { builtCommand, openPlace, type Place } from './support.ts'

export interface GitPlace extends AsyncDisposable {
  readonly place: Place
  readonly dir: string
  /** Runs git in the workspace, or elsewhere, and gives what it prints; throws where it fails. */
  readonly git: (args: readonly string[], cwd?: string) => string
  /** The same, where it is meant to fail; gives what it says. */
  gitFails(args: readonly string[], cwd?: string): string
  commitAll(message: string, cwd?: string): string
  /** What `git status --porcelain` prints, by line. */
  dirty(cwd?: string): readonly string[]
  text(path: string, cwd?: string): string
  /** An editor's save. */
  edit(path: string, before: string, after: string, cwd?: string): void
  /** All task files by name. */
  files(cwd?: string): Readonly<Record<string, string>>
  /** A hook that runs the built command and keeps what it prints. */
  hook(name: string, args: string): { output(): string }
  /** key → status of all that are not deleted. */
  statuses(cwd?: string): Promise<Readonly<Record<string, string>>>
  body(key: string, cwd?: string): Promise<string>
  problems(cwd?: string): Promise<readonly string[]>
}

/** A repository with a workspace and tasks, all committed on `main`. */
export async function openGitPlace(...titles: readonly string[]): Promise<GitPlace> {
  const place = openPlace()
  const opened = gitPlace(place)
  opened.git(['init', '--quiet', '-b', 'main'])
  await place.prepare(['init'])
  for (const title of titles) await place.prepare(['add', title, '--body', `First of ${title}.\n\nLast of ${title}.\n`])
  opened.commitAll('tasks')
  return opened
}

function gitPlace(place: Place): GitPlace {
  const { dir } = place
  const env = {
    ...place.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_EDITOR: 'true',
    ...person('AUTHOR'),
    ...person('COMMITTER'),
    ...config({ 'protocol.file.allow': 'always', 'core.fsync': 'none', 'advice.detachedHead': 'false' }),
  }
  const git: GitPlace['git'] = (args, cwd = dir) =>
    execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd()
  const text: GitPlace['text'] = (path, cwd = dir) => readFileSync(join(cwd, path), 'utf8')
  return {
    place,
    dir,
    git,
    text,
    gitFails: (args, cwd) => {
      try {
        git(args, cwd)
      } catch (cause) {
        const { stdout, stderr } = cause as { readonly stdout: string; readonly stderr: string }
        return stdout + stderr
      }
      throw new Error(`git ${args.join(' ')} was meant to fail`)
    },
    commitAll: (message, cwd) => {
      git(['add', '--all'], cwd)
      git(['commit', '--quiet', '-m', message], cwd)
      return git(['rev-parse', 'HEAD'], cwd)
    },
    dirty: (cwd) =>
      git(['status', '--porcelain', '-uall'], cwd)
        .split('\n')
        .filter((line) => line !== ''),
    edit: (path, before, after, cwd = dir) => {
      const was = text(path, cwd)
      if (!was.includes(before)) throw new Error(`${path} does not say ${before}:\n${was}`)
      writeFileSync(
        join(cwd, path),
        was.replace(before, () => after),
      )
    },
    files: (cwd = dir) => {
      const names = readdirSync(join(cwd, 'tasks')).toSorted()
      return Object.fromEntries(names.map((name) => [name, text(`tasks/${name}`, cwd)]))
    },
    hook: (name, args) => {
      const path = join(dir, '.git', 'hooks', name)
      const output = join(place.root, `${name}.out`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, `#!/bin/sh\n"${process.execPath}" "${builtCommand}" ${args} >>"${output}" 2>&1\n`)
      chmodSync(path, 0o755)
      return { output: () => readFileSync(output, 'utf8') }
    },
    statuses: async (cwd = dir) =>
      Object.fromEntries(
        (await place.all({ cwd })).filter((task) => !task.deleted).map(({ key, status }) => [key, status]),
      ),
    body: async (key, cwd = dir) => (await place.look(['show', key], { cwd })).task?.body ?? '',
    problems: async (cwd = dir) => {
      const said = (await place.look(['status'], { cwd }))['problems'] as readonly { readonly code: string }[]
      return said.map(({ code }) => code)
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

function person(role: string): Readonly<Record<string, string>> {
  return { [`GIT_${role}_NAME`]: 'Person', [`GIT_${role}_EMAIL`]: 'person@example.org' }
}

function config(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(settings)
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(entries.length)],
    ...entries.flatMap(([name, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, name],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]) as Readonly<Record<string, string>>
}
