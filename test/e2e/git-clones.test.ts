/** Several working trees of one repository, each a workspace of its own: worktrees, clones, submodules, and what pulls bring. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openGitPlace, type GitPlace } from './git-place.ts'

const ONE = 'tasks/T-1-one.md'
const TWO = 'tasks/T-2-two.md'
const NONE: readonly string[] = []

/** Where everyone pushes to, and a teammate's clone of it. */
function withTeammate(repo: GitPlace): string {
  const { git, place } = repo
  git(['clone', '--quiet', '--bare', repo.dir, join(place.root, 'shared.git')])
  git(['remote', 'add', 'origin', join(place.root, 'shared.git')])
  git(['fetch', '--quiet', 'origin'])
  git(['branch', '--quiet', '--set-upstream-to=origin/main'])
  const mate = join(place.root, 'mate')
  git(['clone', '--quiet', join(place.root, 'shared.git'), mate])
  return mate
}

describe.concurrent('working trees', () => {
  it('[M50] a worktree is a workspace of its own, with the same project and the same tasks; a merge brings its words', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const tree = join(place.root, 'tree')
    git(['worktree', 'add', '--quiet', '-b', 'feature', tree])
    expect(await repo.statuses(tree)).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty(tree)).toEqual(NONE)
    expect(existsSync(join(tree, '.tidemark', 'store'))).toBe(true)
    expect(readFileSync(join(tree, 'tidemark.json'), 'utf8')).toBe(repo.text('tidemark.json'))
    expect((await place.all({ cwd: tree })).map(({ uid }) => uid)).toEqual((await place.all()).map(({ uid }) => uid))

    await place.must(['set', 'T-1', 'status=doing'], { cwd: tree })
    repo.edit(TWO, 'Last of Two.', 'Last of Two, in the tree.', tree)
    await place.must(['list'], { cwd: tree })
    expect(await repo.statuses()).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    repo.commitAll('feature', tree)
    expect(repo.dirty(tree)).toEqual(NONE)

    git(['merge', '--quiet', 'feature'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo' })
    expect(await repo.body('T-2')).toBe('First of Two.\n\nLast of Two, in the tree.\n')
    expect(repo.dirty()).toEqual(NONE)
    expect(repo.files()).toEqual(repo.files(tree))
    expect(await repo.problems()).toEqual([])
  })

  it('[M50] worktrees of a bare repository', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const bare = join(place.root, 'bare.git')
    git(['clone', '--quiet', '--bare', repo.dir, bare])
    const [left, right] = [join(place.root, 'left'), join(place.root, 'right')]
    git(['worktree', 'add', '--quiet', left, 'main'], bare)
    git(['worktree', 'add', '--quiet', '-b', 'other', right, 'main'], bare)
    for (const cwd of [left, right]) expect(await repo.statuses(cwd)).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    await place.must(['done', 'T-1'], { cwd: right })
    await place.must(['add', 'Three'], { cwd: right })
    repo.commitAll('other', right)
    git(['merge', '--quiet', 'other'], left)
    expect(await repo.statuses(left)).toEqual({ 'T-1': 'done', 'T-2': 'todo', 'T-3': 'todo' })
    git(['checkout', '--quiet', '--detach', 'HEAD~1'], left)
    expect(await repo.statuses(left)).toEqual({ 'T-1': 'done', 'T-2': 'todo', 'T-3': 'todo' })
    for (const cwd of [left, right]) expect(repo.dirty(cwd)).toEqual(NONE)
    expect(await repo.problems(left)).toEqual(['FILES_OLDER', 'FILES_MISSING'])
  })

  it('[M50] a submodule: its own checkouts count, and those of the repository around it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const around = join(place.root, 'around')
    git(['init', '--quiet', '-b', 'main', around])
    git(['submodule', '--quiet', 'add', repo.dir, 'board'], around)
    repo.commitAll('board', around)
    const board = join(around, 'board')
    expect(await repo.statuses(board)).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    await place.must(['done', 'T-1'], { cwd: board })
    repo.commitAll('done', board)
    repo.commitAll('moved', around)
    await place.must(['list'], { cwd: board })
    git(['checkout', '--quiet', 'HEAD~1'], around)
    git(['submodule', '--quiet', 'update'], around)
    expect(repo.text(ONE, board)).toContain('status: todo')
    expect(await repo.statuses(board)).toEqual({ 'T-1': 'done', 'T-2': 'todo' })
    expect(repo.dirty(board)).toEqual(NONE)
    git(['checkout', '--quiet', 'main'], around)
    git(['submodule', '--quiet', 'update'], around)
    expect(await repo.problems(board)).toEqual([])
    expect(repo.dirty(around)).toEqual(NONE)
  })

  it('[M9][M50] a clone finds the same tasks in its files, ids and keys and all, and changes no byte', async () => {
    await using repo = await openGitPlace('One', 'Two')
    await repo.place.must(['set', 'T-2', 'depends=T-1', 'estimate=3', 'labels=web'])
    repo.commitAll('more')
    const mate = withTeammate(repo)
    const said = async (cwd: string): Promise<unknown> =>
      (await repo.place.all({ cwd })).map((task) => ({ ...task, order: '', createdAt: '', updatedAt: '' }))
    expect(await said(mate)).toEqual(await said(repo.dir))
    expect(repo.dirty(mate)).toEqual(NONE)
    expect(await repo.place.must(['add', 'Three'], { cwd: mate })).toBe('T-3\n')
  })

  it('[M1][M50] a clone whose files git writes with CRLF: the same tasks, clean, and pulls come in once', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    withTeammate(repo)
    const other = join(place.root, 'windows')
    git(['clone', '--quiet', '-c', 'core.autocrlf=true', join(place.root, 'shared.git'), other])
    expect(repo.text(ONE, other)).toBe(repo.text(ONE).replaceAll('\n', '\r\n'))
    expect(await repo.statuses(other)).toEqual({ 'T-1': 'todo', 'T-2': 'todo' })
    expect(repo.dirty(other)).toEqual(NONE)

    repo.edit(ONE, 'Last of One.', 'Last of One,\nin two lines.')
    await place.must(['done', 'T-2'])
    repo.commitAll('more')
    git(['push', '--quiet'])
    git(['pull', '--quiet'], other)
    expect(await repo.statuses(other)).toEqual({ 'T-1': 'todo', 'T-2': 'done' })
    expect(await repo.body('T-1', other)).toBe('First of One.\n\nLast of One,\nin two lines.\n')
    expect(repo.dirty(other)).toEqual(NONE)
    git(['checkout', '--quiet', 'HEAD~1'], other)
    expect(await repo.statuses(other)).toEqual({ 'T-1': 'todo', 'T-2': 'done' })
    git(['checkout', '--quiet', 'main'], other)
    await place.must(['set', 'T-1', 'status=doing'], { cwd: other })
    expect(repo.text(ONE, other)).toBe(repo.text(ONE).replace('status: todo', 'status: doing').replaceAll('\n', '\r\n'))
    expect(repo.dirty(other)).toEqual([` M ${ONE}`])
    expect(await repo.problems(other)).toEqual([])
  })
})

describe.concurrent('pulls', () => {
  it('[M13][M50] a teammate’s commit comes in as an edit, beside what was done here meanwhile', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const mate = withTeammate(repo)
    await place.must(['set', 'T-1', 'status=doing'], { cwd: mate })
    repo.edit(ONE, 'Last of One.', 'Last of One, by a mate.', mate)
    await place.must(['add', 'Three', '--body', 'By a mate.'], { cwd: mate })
    repo.commitAll('mate', mate)
    git(['push', '--quiet'], mate)

    await place.must(['set', 'T-2', 'priority=high'])
    git(['pull', '--quiet'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'doing', 'T-2': 'todo', 'T-3': 'todo' })
    expect(await repo.body('T-1')).toBe('First of One.\n\nLast of One, by a mate.\n')
    expect(await repo.body('T-3')).toBe('By a mate.')
    expect(repo.dirty()).toEqual([` M ${TWO}`])
    expect(await repo.problems()).toEqual([])
    expect(await place.must(['add', 'Four'])).toBe('T-4\n')
    expect((await place.json(['conflicts']))['conflicts']).toEqual([])
  })

  it.each([['--rebase'], ['--no-rebase']])(
    '[M13] pulled onto a file that was changed here too, with autostash and %s, a command in every hook: both are there',
    async (way) => {
      await using repo = await openGitPlace('One', 'Two')
      const { git, place } = repo
      const mate = withTeammate(repo)
      repo.edit(ONE, 'Last of One.', 'Last of One, by a mate.', mate)
      repo.commitAll('mate', mate)
      git(['push', '--quiet'], mate)
      for (const name of ['post-checkout', 'post-merge', 'post-rewrite']) repo.hook(name, 'list')
      await place.must(['set', 'T-1', 'status=done'])
      git(['pull', '--quiet', way, '--autostash'])
      expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'todo' })
      expect(await repo.body('T-1')).toBe('First of One.\n\nLast of One, by a mate.\n')
      expect(repo.text(ONE)).toMatch(/status: done\n[^]*by a mate/)
      expect(repo.dirty()).toEqual([` M ${ONE}`])
      expect(git(['stash', 'list'])).toBe('')
      expect(await repo.problems()).toEqual([])
    },
  )

  it.each([
    ['after each', true],
    ['after all', false],
  ])(
    '[M13][M50] stash, pull, pop, and a command %s: what was done here is never taken back',
    async (_name, isBetween) => {
      await using repo = await openGitPlace('One', 'Two')
      const { git, place } = repo
      const mate = withTeammate(repo)
      repo.edit(ONE, 'Last of One.', 'Last of One, by a mate.', mate)
      repo.commitAll('mate', mate)
      git(['push', '--quiet'], mate)
      await place.must(['set', 'T-1', 'status=done', 'labels+=web'])
      repo.edit(ONE, 'First of One.', 'First of One, by me.')
      const mine = { status: 'done', labels: ['web'], body: expect.stringContaining('First of One, by me.') }
      const look = async (): Promise<void> => {
        expect((await place.json(['show', 'T-1'])).task).toMatchObject(mine)
      }
      await look()
      git(['stash', '--quiet'])
      if (isBetween) await look()
      git(['pull', '--quiet'])
      if (isBetween) await look()
      // With a command before it all of it is in the file again already: git says so, and keeps the stash.
      const popped = isBetween ? repo.gitFails(['stash', 'pop']) : git(['stash', 'pop', '--quiet'])
      expect(popped).toContain(isBetween ? 'would be overwritten' : '')
      await look()
      expect(await repo.body('T-1')).toBe('First of One, by me.\n\nLast of One, by a mate.\n')
      expect(repo.text(ONE)).toMatch(/status: done\nlabels: \[web\]\n[^]*by me\.\n\n.*by a mate/)
      expect((await place.json(['conflicts']))['conflicts']).toEqual([])
      expect(await repo.problems()).toEqual([])
    },
  )

  it('[M20][M50] two clones that pulled the same commits end with the same bytes, and a merge of both ways keeps them', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const mate = withTeammate(repo)
    await place.must(['list'], { cwd: mate })
    repo.edit(ONE, 'First of One.', 'First of One, by me.')
    await place.must(['set', 'T-2', 'status=doing'])
    repo.commitAll('mine')
    repo.edit(ONE, 'Last of One.', 'Last of One, by a mate.', mate)
    await place.must(['set', 'T-2', 'priority=high'], { cwd: mate })
    repo.commitAll('theirs', mate)
    git(['push', '--quiet'])
    // Two keys in one place of the front matter: git asks, whoever pulls second.
    const merged = repo.gitFails(['pull', '--no-rebase'], mate)
    expect(merged).toContain('CONFLICT')
    await place.must(['list'], { cwd: mate })
    git(['checkout', '--quiet', '--theirs', TWO], mate)
    repo.edit(TWO, 'status: doing', 'status: doing\npriority: high', mate)
    repo.commitAll('both', mate)
    git(['push', '--quiet'], mate)
    git(['pull', '--quiet'])
    for (const cwd of [repo.dir, mate]) {
      expect(await repo.statuses(cwd)).toEqual({ 'T-1': 'todo', 'T-2': 'doing' })
      expect(await repo.body('T-1', cwd)).toBe('First of One, by me.\n\nLast of One, by a mate.\n')
      expect((await place.json(['show', 'T-2'], { cwd })).task).toMatchObject({ priority: 'high', conflicts: [] })
      expect(repo.dirty(cwd)).toEqual(NONE)
      expect(await repo.problems(cwd)).toEqual([])
    }
    expect(repo.files(mate)).toEqual(repo.files())
  })

  it('[M6][M50] tasks made in two clones under one number are two tasks, shown alike in both, and no file is changed for it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const mate = withTeammate(repo)
    expect(await place.must(['add', 'Mine'])).toBe('T-3\n')
    expect(await place.must(['add', 'Theirs'], { cwd: mate })).toBe('T-3\n')
    repo.commitAll('mine')
    git(['push', '--quiet'])
    repo.commitAll('theirs', mate)
    git(['pull', '--quiet', '--no-rebase', '--no-edit'], mate)
    git(['push', '--quiet'], mate)
    git(['pull', '--quiet'])
    const said = async (cwd: string): Promise<unknown> =>
      (await place.all({ cwd })).map(({ uid, title, path }) => `${uid} ${title} ${path}`).toSorted()
    expect(await said(repo.dir)).toEqual(await said(mate))
    for (const cwd of [repo.dir, mate]) {
      const keys = (await place.all({ cwd })).map(({ key }) => key)
      expect(keys).toHaveLength(4)
      expect(new Set(keys).size).toBe(4)
      expect(repo.dirty(cwd)).toEqual(NONE)
      expect(await repo.problems(cwd)).toEqual([])
    }
    expect(await place.must(['add', 'Next'])).toBe('T-4\n')
  })

  it('[M50] a commit rewritten by others, pulled by force: what it no longer says is no command to forget it', async () => {
    await using repo = await openGitPlace('One', 'Two')
    const { git, place } = repo
    const mate = withTeammate(repo)
    await place.must(['done', 'T-1'])
    repo.commitAll('done')
    await place.must(['list'])
    git(['push', '--quiet'])
    git(['commit', '--quiet', '--allow-empty', '-m', 'rewritten'], mate)
    git(['push', '--quiet', '--force'], mate)
    git(['fetch', '--quiet'])
    git(['reset', '--quiet', '--hard', 'origin/main'])
    expect(await repo.statuses()).toEqual({ 'T-1': 'done', 'T-2': 'todo' })
    expect(repo.dirty()).toEqual(NONE)
    expect(await repo.problems()).toEqual(['FILES_OLDER'])
  })
})
