/** Task files under real git, beside the built command: what git does changes no task by itself, and commands leave git's tree clean. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openGitPlace } from './git-place.ts'
import { builtCommand } from './support.ts'

const ONE = 'tasks/T-1-one.md'
const TWO = 'tasks/T-2-two.md'
const NONE: readonly string[] = []

describe.concurrent('the built command in a git repository', () => {
  it('[M50] an old branch checked out and left again: tasks stay, the tree stays clean, all bytes come back', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    expect(repo.dirty()).toEqual(NONE)
    git(['branch', 'old'])
    await place.must(['set', 'T-1', 'status=done', 'priority=high'])
    await place.must(['add', 'Three'])
    repo.commitAll('later')
    const later = repo.files()
    const now = { 'T-1': 'done', 'T-2': 'todo', 'T-3': 'todo' }
    expect(await repo.statuses()).toEqual(now)

    git(['checkout', '--quiet', 'old'])
    expect(await repo.statuses()).toEqual(now)
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual(['FILES_OLDER', 'FILES_MISSING'])
    expect((await place.tide(['sync'])).exit).toBe(4)
    expect(repo.dirty()).toEqual(NONE)

    git(['checkout', '--quiet', 'main'])
    expect(await repo.statuses()).toEqual(now)
    expect(repo.dirty()).toEqual(NONE)
    expect(repo.files()).toEqual(later)
    expect(await repo.problems()).toEqual([])
    await place.must(['sync'])
  })

  it('[M50] a command on an old branch leaves its files alone; on the way back they get it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    repo.git(['branch', 'old'])
    await repo.place.must(['set', 'T-1', 'status=doing'])
    repo.commitAll('later')
    repo.git(['checkout', '--quiet', 'old'])
    await repo.place.must(['set', 'T-1', 'priority=high'])
    expect(repo.dirty()).toEqual(NONE)
    repo.git(['checkout', '--quiet', 'main'])
    await repo.place.must(['list'])
    expect(repo.dirty()).toEqual([` M ${ONE}`])
    expect(repo.text(ONE)).toMatch(/status: doing\n(?:.*\n)*priority: high\n/)
  })

  it('[M50] stash and pop: the tasks stay as they are, and the files come back as they were', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['set', 'T-1', 'status=doing'])
    repo.edit(TWO, 'Last of Two.', 'Last of Two, by hand.')
    await repo.place.must(['list'])
    const before = repo.files()
    repo.git(['stash', '--quiet'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
    expect(await repo.body('T-2')).toContain('by hand')
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual(['FILES_OLDER'])
    repo.git(['stash', 'pop', '--quiet'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
    expect(repo.files()).toEqual(before)
    expect(await repo.problems()).toEqual([])
  })

  it('[M32][M50] a merge with a conflict: the file is left to be solved, and what it was solved to is taken', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    git(['checkout', '--quiet', '-b', 'feature'])
    repo.edit(ONE, 'Last of One.', 'Last of One, on the feature.')
    repo.edit(TWO, 'First of Two.', 'First of Two, on the feature.')
    await place.must(['list'])
    repo.commitAll('feature')
    git(['checkout', '--quiet', 'main'])
    await place.must(['list'])
    repo.edit(ONE, 'Last of One.', 'Last of One, on main.')
    await place.must(['list'])
    git(['commit', '--quiet', '-m', 'main', '--', ONE])

    expect(repo.gitFails(['merge', 'feature'])).toContain('CONFLICT')
    const marked = repo.text(ONE)
    expect(marked).toContain('<<<<<<< HEAD')
    expect(await repo.problems()).toContain('FILE_CONFLICT_MARKERS')
    await place.must(['set', 'T-1', 'priority=high'])
    expect(repo.text(ONE)).toBe(marked)
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })

    const solved = marked.replace(/<<<<<<<[^]*>>>>>>> feature\n/, 'Last of One, on both.\n')
    writeFileSync(join(repo.dir, ONE), solved)
    repo.commitAll('merged')
    expect((await repo.body('T-1')).trimEnd()).toBe('First of One.\n\nLast of One, on both.')
    expect(await repo.body('T-2')).toContain('First of Two, on the feature.')
    expect(await repo.problems()).toEqual([])
    expect(repo.text(ONE)).toBe(solved.replace('\n---\n\n', '\npriority: high\n---\n\n'))
  })

  it('[M50] rebase: the words of both branches are there once, and the tree is clean', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    git(['checkout', '--quiet', '-b', 'feature'])
    repo.edit(ONE, 'First of One.', 'First of One, on the feature.')
    await place.must(['list'])
    repo.commitAll('feature')
    git(['checkout', '--quiet', 'main'])
    expect(await repo.body('T-1')).toContain('on the feature')
    repo.edit(TWO, 'First of Two.', 'First of Two, on main.')
    repo.edit(ONE, 'Last of One.', 'Last of One, on main.')
    await place.must(['list'])
    repo.commitAll('main')
    // By hand a word was added to the text of this branch, so this file has both by now; git solves it so too.
    expect(repo.text(ONE)).toContain('First of One, on the feature.\n\nLast of One, on main.')
    git(['checkout', '--quiet', 'feature'])
    await place.must(['list'])
    git(['rebase', '--quiet', 'main'])
    expect(await repo.body('T-1')).toBe('First of One, on the feature.\n\nLast of One, on main.\n')
    expect(await repo.body('T-2')).toBe('First of Two, on main.\n\nLast of Two.\n')
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual([])
  })

  it('[M50] rebase with a command after each commit: git is never stopped by files that changed under it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    git(['checkout', '--quiet', '-b', 'feature'])
    for (const word of ['one', 'two']) {
      repo.edit(ONE, 'First of One', `First of One, ${word}`)
      await place.must(['set', 'T-1', word === 'one' ? 'status=doing' : 'status=review'])
      repo.commitAll(word)
    }
    git(['checkout', '--quiet', 'main'])
    repo.edit(ONE, 'Last of One', 'Last of One, on main')
    repo.commitAll('main')
    git(['checkout', '--quiet', 'feature'])
    await place.must(['list'])
    git(['rebase', '--quiet', '-x', `"${process.execPath}" "${builtCommand}" list`, 'main'])
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.statuses()).toEqual({ 'T-1': 'review', 'T-2': 'todo' })
    expect(await repo.body('T-1')).toBe('First of One, two, one.\n\nLast of One, on main.\n')
    expect(await repo.problems()).toEqual([])
    expect(repo.dirty()).toEqual(NONE)
  })

  it('[M50] reset --hard changes no task; take-files does', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['set', 'T-1', 'T-2', 'status=done'])
    repo.commitAll('done')
    await repo.place.must(['list'])
    repo.git(['reset', '--quiet', '--hard', 'HEAD~1'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'done' })
    expect(repo.dirty()).toEqual(NONE)
    await repo.place.must(['sync', '--take-files'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual([])
    await repo.place.must(['undo'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'done' })
  })

  it('[M37][M50] a new file that a stash takes along comes back with it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['add', 'Three'])
    await repo.place.must(['set', 'T-1', 'status=doing'])
    const before = repo.files()
    repo.git(['stash', '--quiet', '--include-untracked'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo', 'T-3': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    repo.git(['stash', 'pop', '--quiet'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo', 'T-3': 'todo' })
    expect(repo.files()).toEqual(before)
    expect(await repo.problems()).toEqual([])
  })

  it('[M37] a sparse checkout without the tasks deletes none', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const before = repo.files()
    repo.git(['sparse-checkout', 'set', 'src'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    repo.git(['sparse-checkout', 'disable'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.files()).toEqual(before)
    expect(await repo.problems()).toEqual([])
  })

  it('[M50] reset --hard to where one is throws a change away in the file, not in the task', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['set', 'T-1', 'status=done'])
    repo.git(['reset', '--quiet', '--hard'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
  })

  it('[M35][M50] a file renamed by git, by checkout and back, is the same task each time', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const [one] = await place.all()
    git(['branch', 'old'])
    git(['mv', ONE, 'tasks/login.md'])
    repo.edit('tasks/login.md', 'Last of One.', 'Last of One, renamed.')
    repo.commitAll('renamed')
    const path = async (): Promise<unknown> => (await place.json(['show', one?.uid ?? ''])).task?.path
    expect(await path()).toBe('tasks/login.md')
    for (const [branch, expected] of [
      ['old', ONE],
      ['main', 'tasks/login.md'],
    ] as const) {
      git(['checkout', '--quiet', branch])
      expect(await path()).toBe(expected)
      expect(await repo.body('T-1')).toBe('First of One.\n\nLast of One, renamed.\n')
      expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
      expect(repo.dirty()).toEqual(NONE)
    }
    expect(await repo.problems()).toEqual([])
  })

  it('[M14] one file restored by name was put back on purpose', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['set', 'T-1', 'status=done'])
    repo.git(['restore', ONE])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    const { changes } = await repo.place.json(['history', 'T-1', '--limit', '1'])
    expect(changes).toMatchObject([{ verb: 'putback' }])
    await repo.place.must(['undo', 'T-1'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'todo' })
  })

  it('[M37][M50] a file that a commit took away deletes no task by itself', async () => {
    await using repo = await openGitPlace('One', 'Two')
    repo.git(['rm', '--quiet', TWO])
    repo.git(['commit', '--quiet', '-m', 'without'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    await repo.place.must(['sync', '--take-files'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
  })
})

describe.concurrent('hooks', () => {
  it.each([
    ['with a lock on the index', ['commit', '--quiet', '-a', '-m', 'all']],
    ['of what was added', ['commit', '--quiet', '-m', 'added']],
  ] as const)(
    '[M50] before a commit %s a command answers, reads what was edited, and spoils nothing',
    async (_name, commit) => {
      await using repo = await openGitPlace('One', 'Two')
      const hook = repo.hook('pre-commit', 'list')
      repo.edit(ONE, 'status: todo', 'status: doing')
      const text = repo.text(ONE)
      if (!commit.some((word) => word === '-a')) repo.git(['add', ONE])
      repo.git([...commit])
      expect(hook.output()).toMatch(/^T-1\tdoing\t.*\nT-2\ttodo\t.*\n$/)
      expect(repo.git(['show', `HEAD:${ONE}`])).toBe(text.trimEnd())
      expect(repo.dirty()).toEqual(NONE)
      expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
      expect(await repo.problems()).toEqual([])
    },
  )

  it('[M50] between the files of a reset and its HEAD: a command there takes nothing for an edit', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    await place.must(['set', 'T-1', 'status=doing'])
    repo.commitAll('later')
    await place.must(['list'])
    // Runs when the files are there and the lock on the index is gone, before the branch says where it is.
    const hook = repo.hook('reference-transaction', 'list')
    git(['reset', '--quiet', '--hard', 'HEAD~1'])
    expect(hook.output()).toContain('T-1\tdoing')
    expect(hook.output()).not.toContain('T-1\ttodo')
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    const { changes } = await place.json(['history', 'T-1'])
    expect((changes as readonly { verb: string }[]).map(({ verb }) => verb)).toEqual(['set', 'create'])
  })

  it('[M50] after every checkout, merge and commit: a whole day of branches leaves the tasks alone', async () => {
    await using repo = await openGitPlace('One', 'Two')
    for (const name of ['post-checkout', 'post-merge', 'post-commit', 'post-rewrite']) repo.hook(name, 'list')
    const { git, place } = repo
    git(['checkout', '--quiet', '-b', 'feature'])
    await place.must(['set', 'T-1', 'status=doing'])
    repo.edit(ONE, 'Last of One.', 'Last of One, on the feature.')
    git(['commit', '--quiet', '-a', '-m', 'feature'])
    git(['checkout', '--quiet', 'main'])
    repo.edit(TWO, 'Last of Two.', 'Last of Two, on main.')
    git(['commit', '--quiet', '-a', '-m', 'main'])
    git(['checkout', '--quiet', 'feature'])
    git(['rebase', '--quiet', 'main'])
    git(['checkout', '--quiet', 'main'])
    git(['merge', '--quiet', 'feature'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
    expect(await repo.body('T-1')).toBe('First of One.\n\nLast of One, on the feature.\n')
    expect(await repo.body('T-2')).toBe('First of Two.\n\nLast of Two, on main.\n')
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual([])
  })
})
