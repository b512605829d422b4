/** Repository, in memory and by git; then what only git has: worktrees, submodules, packed refs, tables, hooks, odd content. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRepository } from '../../adapters/memory/repository.ts'
import { gitRepository } from '../../adapters/node/repository.ts'
import { repositoryConformance } from '../conformance/repository.ts'
import { gitFolder, type GitFolder } from './git-folder.ts'

repositoryConformance('memory', async () => {
  const repository = memoryRepository()
  return {
    repository,
    commit: async (files) => repository.commit(files),
    checkout: async (commit) => repository.checkout(commit),
    stash: async () => repository.touch(),
    setBusy: async (isBusy) => void (repository.busy = isBusy),
    [Symbol.asyncDispose]: async () => undefined,
  }
})

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const one = new Map([['tasks/a.md', 'one\n']])
const two = new Map([['tasks/a.md', 'two\n']])

/** The same person in each kind of place that a repository can have. */
function gitConformance(name: string, prepare: (folder: GitFolder) => string): void {
  repositoryConformance(`git, ${name}`, async () => {
    const folder = gitFolder()
    const below = prepare(folder)
    const gitDir = folder.git(['rev-parse', '--absolute-git-dir'], below)
    let stashes = 0
    return {
      repository: gitRepository(join(folder.path, below)),
      commit: async (files) => folder.commit(files, below),
      checkout: async (commit) => void folder.git(['checkout', '--quiet', commit], below),
      stash: async () => {
        folder.put(join(below, `${++stashes}.md`), 'aside')
        folder.git(['stash', 'push', '--quiet', '--include-untracked'], below)
      },
      setBusy: async (isBusy) => {
        if (isBusy) writeFileSync(join(gitDir, 'index.lock'), '')
        else rmSync(join(gitDir, 'index.lock'))
      },
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    }
  })
}

gitConformance('at its top', (folder) => {
  folder.git(['init', '--quiet'])
  return ''
})
gitConformance('in a folder below', (folder) => {
  folder.git(['init', '--quiet'])
  folder.put('deep/folder # 1/.keep', '')
  return 'deep/folder # 1'
})
gitConformance('in a worktree of a bare one', (folder) => {
  folder.git(['init', '--quiet', '--bare', 'bare.git'])
  const tree = folder.git(['hash-object', '-t', 'tree', '-w', '/dev/null'], 'bare.git')
  const first = folder.git(['commit-tree', tree, '-m', 'first'], 'bare.git')
  folder.git(['worktree', 'add', '--quiet', '--detach', '../worktree', first], 'bare.git')
  folder.git(['checkout', '--quiet', '--orphan', 'fresh'], 'worktree')
  return 'worktree'
})
gitConformance('in a submodule', (folder) => {
  folder.git(['init', '--quiet', 'library'])
  folder.commit(one, 'library')
  folder.git(['init', '--quiet', 'program'])
  folder.git(['submodule', '--quiet', 'add', '../library', 'library'], 'program')
  folder.git(['checkout', '--quiet', '--orphan', 'fresh'], 'program/library')
  return 'program/library'
})

describe('git repository', () => {
  let folder: GitFolder
  let dir: string
  beforeEach(() => {
    folder = gitFolder()
    dir = join(folder.path, 'work')
    folder.git(['init', '--quiet', 'work'])
  })
  afterEach(() => folder[Symbol.dispose]())

  const git = (...args: string[]): string => folder.git(args, 'work')
  const commit = (files: ReadonlyMap<string, string>): string => folder.commit(files, 'work')
  const state = (below = ''): ReturnType<ReturnType<typeof gitRepository>['state']> =>
    gitRepository(join(dir, below)).state()
  const mark = async (): Promise<string | undefined> => (await state())?.mark

  it('[P60] outside a repository there is none, nor in a folder that does not exist', async () => {
    expect(await gitRepository(folder.path).state()).toBeNull()
    expect(await gitRepository(join(folder.path, 'none')).state()).toBeNull()
    expect(await gitRepository(folder.path).contents(commit(one), ['a.md'])).toEqual(new Map())
    expect(await gitRepository(join(folder.path, 'none')).contents(commit(one), ['a.md'])).toEqual(new Map())
  })

  it('[P60] it is found from below, through links, past a folder that only has the name', async () => {
    const head = commit(one)
    mkdirSync(join(dir, 'deep', '.git'), { recursive: true })
    symlinkSync(join(dir, 'deep'), join(folder.path, 'link'))
    for (const path of [dir, join(dir, 'deep'), join(folder.path, 'link')]) {
      expect(await gitRepository(path).state()).toEqual(await state())
    }
    expect(await state()).toMatchObject({ head })
  })

  it('[P56] the head is found among packed refs, detached, and on a branch with a name in folders', async () => {
    const first = commit(one)
    git('checkout', '--quiet', '-b', 'topic/ünï')
    const second = commit(two)
    git('pack-refs', '--all', '--prune')
    expect(await state()).toMatchObject({ head: second })
    git('checkout', '--quiet', 'main')
    expect(await state()).toMatchObject({ head: first })
    git('checkout', '--quiet', '--detach', second)
    expect(await state()).toMatchObject({ head: second })
    git('checkout', '--quiet', '--orphan', 'fresh')
    expect(await state()).toMatchObject({ head: null })
    git('symbolic-ref', 'refs/heads/fresh', 'refs/heads/main')
    expect(await state()).toMatchObject({ head: first })
    git('symbolic-ref', 'refs/heads/main', 'refs/heads/fresh')
    expect(await state()).toMatchObject({ head: null })
  })

  it('[P57] each worktree has its own head, mark and lock; the stash is of all', async () => {
    const first = commit(one)
    git('worktree', 'add', '--quiet', '--detach', '../other')
    const other = gitRepository(join(folder.path, 'other'))
    const before = await other.state()
    expect(before).toMatchObject({ head: first })
    commit(two)
    folder.put('work/.git/index.lock', '')
    expect(await state()).toMatchObject({ isBusy: true })
    expect(await other.state()).toEqual(before)
    folder.put('work/.git/worktrees/other/index.lock', '')
    rmSync(join(dir, '.git', 'index.lock'))
    expect([(await state())?.isBusy, (await other.state())?.isBusy]).toEqual([false, true])
    folder.put('work/new.md', 'aside')
    git('stash', 'push', '--quiet', '--include-untracked')
    expect((await other.state())?.mark).not.toBe(before?.mark)
  })

  it('[P57] the mark differs after whatever changes many files, and in the middle of it', async () => {
    commit(one)
    git('checkout', '--quiet', '-b', 'topic')
    const topic = commit(two)
    git('checkout', '--quiet', 'main')
    commit(new Map([['tasks/a.md', 'three\n']]))
    const marks = new Set([await mark()])
    const after = async (...args: string[]): Promise<number> => {
      try {
        git(...args)
      } catch {
        // A conflict: git says so by its exit code and leaves it to the person.
      }
      return marks.add(await mark()).size
    }
    expect(await after('merge', 'topic')).toBe(2)
    expect(await after('merge', '--abort')).toBe(3)
    expect(await after('cherry-pick', topic)).toBe(4)
    expect(await after('cherry-pick', '--abort')).toBe(5)
    expect(await after('rebase', 'topic')).toBe(6)
    expect(await after('rebase', '--abort')).toBe(7)
    expect(await after('rebase', '--apply', 'topic')).toBe(8)
    expect(await after('rebase', '--abort')).toBe(9)
    expect(await after('reset', '--quiet', '--hard')).toBe(10)
    expect(await after('reset', '--quiet', '--hard')).toBe(11)
    expect(await after('commit', '--quiet', '--amend', '--message', 'other words')).toBe(12)
    expect(await after('checkout', '--quiet', '-b', 'third')).toBe(13)
    expect(await after('revert', '--no-edit', 'HEAD')).toBe(14)
    expect(await after('bisect', 'start')).toBe(15)
    folder.put('work/tasks/a.md', 'aside')
    expect(await after('stash', 'push', '--quiet')).toBe(16)
    const stashed = await mark()
    git('pack-refs', '--all', '--prune')
    expect(await mark()).toBe(stashed)
    expect(await after('stash', 'drop', '--quiet')).toBe(17)
  })

  it('[P57] looking writes nothing, and neither do status and diff make another mark', async () => {
    commit(one)
    const before = await mark()
    git('status')
    git('diff')
    git('log')
    git('branch', 'topic')
    expect(await mark()).toBe(before)
  })

  it('[P58] the lock that git holds while its own hook runs is nothing to wait for', async () => {
    folder.put('work/.git/index.lock', '')
    const environment = { GIT_INDEX_FILE: join(dir, '.git', 'index.lock') }
    expect(await gitRepository(dir, { environment }).state()).toMatchObject({ isBusy: false })
    expect(await gitRepository(dir, { environment: {} }).state()).toMatchObject({ isBusy: true })
  })

  it('[P58] a lock that is older than a minute, or of a clock far ahead, is no work under way', async () => {
    folder.put('work/.git/index.lock', '')
    const lock = join(dir, '.git', 'index.lock')
    const nowSeconds = Date.now() / 1000
    for (const [ageSeconds, isBusy] of [
      [50, true],
      [61, false],
      [-3600, false],
    ] as const) {
      utimesSync(lock, nowSeconds, nowSeconds - ageSeconds)
      expect(await state()).toMatchObject({ isBusy })
    }
  })

  it('[P60] refs kept in tables give no head, and a mark all the same', async () => {
    const before = await mark()
    folder.put('work/.git/HEAD', 'ref: refs/heads/.invalid\n')
    folder.put('work/.git/reftable/tables.list', 'one.ref\n')
    const first = await mark()
    folder.put('work/.git/reftable/tables.list', 'one.ref\ntwo.ref\n')
    expect(new Set([before, first, await mark()]).size).toBe(3)
    expect(await state()).toMatchObject({ head: null, isBusy: false })
  })

  it.each([
    ['HEAD', ''],
    ['HEAD', '\n'],
    ['HEAD', 'ref: refs/../../../../etc/hostname\n'],
    ['HEAD', 'ref: refs/heads/\n'],
    ['HEAD', 'ref: HEAD\n'],
    ['HEAD', 'ref: \0\n'],
    ['HEAD', `${'0'.repeat(39)}\n`],
    ['HEAD', 'x'.repeat(100_000)],
    ['refs/heads/main', ''],
    ['refs/heads/main', 'ref: refs/heads/main\n'],
    ['refs/heads/main', 'half a comm'],
    ['packed-refs', '# pack-refs\nno commit refs/heads/main\n'],
    ['packed-refs', ' refs/heads/main\n'],
    ['packed-refs', '\xff\0 refs/heads/main\n'],
    ['packed-refs', ''],
    ['commondir', '../none\n'],
    ['commondir', '\n'],
  ])('[P60] odd content in %s gives no head: %j', async (name, content) => {
    folder.put(join('work/.git', name), content)
    expect(await state()).toMatchObject({ head: null, isBusy: false })
  })

  it.each(['', 'gitdir: ', 'gitdir: ../none\n', 'gitdir: .git\n', 'gitdir: \0\n', '\xff'.repeat(10_000)])(
    '[P60] a .git file that leads nowhere is no repository: %j',
    async (content) => {
      folder.put('work/below/.git', content)
      expect(await state('below')).toBeNull()
      expect(await gitRepository(join(dir, 'below')).contents('0'.repeat(40), ['a.md'])).toEqual(new Map())
    },
  )

  it.skipIf(process.platform === 'win32')(
    '[P60] folders and pipes in the place of files are not waited for',
    async () => {
      rmSync(join(dir, '.git', 'HEAD'))
      execFileSync('mkfifo', [join(dir, '.git', 'HEAD')])
      mkdirSync(join(dir, '.git', 'packed-refs'))
      mkdirSync(join(dir, '.git', 'refs', 'stash'))
      expect(await state()).toMatchObject({ head: null })
    },
  )

  it('[P59] links in a commit are followed as on the disk, and not out of it', async () => {
    commit(new Map([['real/a.md', 'one\n']]))
    symlinkSync('real/a.md', join(dir, 'link.md'))
    symlinkSync('real', join(dir, 'folder'))
    symlinkSync('none.md', join(dir, 'dangling.md'))
    symlinkSync('../outside.md', join(dir, 'outside.md'))
    symlinkSync('self.md', join(dir, 'self.md'))
    git('add', '--all')
    git('commit', '--quiet', '--message', 'links')
    const paths = ['dangling.md', 'outside.md', 'self.md', 'folder', 'link.md', 'real/a.md/b.md', 'folder/a.md']
    expect(await gitRepository(dir).contents(git('rev-parse', 'HEAD'), paths)).toEqual(
      new Map([
        ['link.md', bytesOf('one\n')],
        ['folder/a.md', bytesOf('one\n')],
      ]),
    )
  })

  it('[P59] another repository named in the environment, as inside a hook, is not asked', async () => {
    const head = commit(one)
    folder.git(['init', '--quiet', 'other'])
    const other = join(folder.path, 'other', '.git')
    const environment = {
      PATH: process.env['PATH'],
      GIT_DIR: other,
      GIT_WORK_TREE: folder.path,
      GIT_INDEX_FILE: 'none',
    }
    const inHook = gitRepository(dir, { environment })
    expect(await inHook.contents(head, ['tasks/a.md'])).toEqual(new Map([['tasks/a.md', bytesOf('one\n')]]))
    expect(await inHook.state()).toMatchObject({ head })
  })

  it('[P60] without git there are no contents, and the state is known', async () => {
    const head = commit(one)
    const without = gitRepository(dir, { environment: { PATH: join(dir, 'none') } })
    expect(await without.contents(head, ['tasks/a.md'])).toEqual(new Map())
    expect(await without.state()).toMatchObject({ head })
  })
})
