/** Every command that works on tasks, as people type it: the built file, a real disk, real pipes. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectError, expectRefusal, openWorkspacePlace, words, type Place } from './support.ts'

const fieldsOf = (line: string): readonly string[] => line.split('\t')

async function withTasks(...titles: readonly string[]): Promise<Place> {
  const place = await openWorkspacePlace()
  for (const title of titles) await place.must(['add', title])
  return place
}

describe.concurrent('the built command: tasks', () => {
  it('[G1] add prints the key; list, ready, show and search print what was added', async () => {
    await using place = await openWorkspacePlace()
    const options = ['-p', 'high', '-l', 'web,auth', '-l', 'ui', '-a', 'sara', '--body', 'The token\nis read twice.']
    expect(await place.must(['add', 'Fix login', ...options, '--set', 'estimate=3'])).toBe('T-1\n')
    expect(await place.must(['add', 'Ship it', '--depends', 'T-1', '--parent', 'T-1'])).toBe('T-2\n')
    const lines = (await place.must(['list'])).split('\n')
    expect(lines.map(fieldsOf)).toEqual([
      ['T-1', 'todo', 'high', 'auth,ui,web', 'sara', 'Fix login', 'ready'],
      ['T-2', 'todo', '', '', '', 'Ship it', ''],
      [''],
    ])
    expect(await place.must(['ready'])).toBe(`${lines[0]}\n`)
    expect(await place.must(['search', 'token', 'twice'])).toBe(`${lines[0]}\n`)
    const shown = await place.must(['show', 'T-1'])
    for (const part of ['Fix login', 'T-1', 'sara', 'estimate', 'The token\nis read twice.'])
      expect(shown).toContain(part)
    const { task } = await place.json(['show', 'T-2'])
    expect(task).toMatchObject({
      key: 'T-2',
      parent: 'T-1',
      dependsOn: ['T-1'],
      ready: false,
      body: '',
      comments: [],
      deleted: false,
    })
  })

  it('[G1] list narrows by status, label, assignee, ready, all and limit', async () => {
    await using place = await withTasks('one', 'two', 'three', 'four')
    await place.must(['set', 'T-2', 'status=doing', 'labels=web', 'assignees=sara'])
    await place.must(['done', 'T-3'])
    await place.must(['delete', 'T-4'])
    const keys = async (...args: readonly string[]): Promise<string> =>
      (await place.must(['list', ...args])).replace(/\t.*\n/g, ' ').trim()
    expect(await keys()).toBe('T-1 T-2')
    expect(await keys('--status', 'doing', '--status', 'done')).toBe('T-2 T-3')
    expect(await keys('--label', 'web')).toBe('T-2')
    expect(await keys('--assignee', 'sara')).toBe('T-2')
    expect(await keys('--ready')).toBe('T-1')
    expect(await keys('--all')).toBe('T-1 T-2 T-3 T-4')
    expect(await keys('--all', '--limit', '3')).toBe('T-1 T-2 T-3')
    expect(await keys('--label', 'nobody')).toBe('')
  })

  it('[G1] set, start, done, drop and reopen change what they say, of several tasks at once', async () => {
    await using place = await withTasks('one', 'two')
    await place.must(['set', 'T-1', 'T-2', 'priority=low', 'labels+=a,b', 'due=2026-12-01', 'body=words'])
    await place.must(['set', 'T-1', 'labels-=a', 'priority=', 'depends+=T-2'])
    const [one, two] = await place.all()
    expect(one).toMatchObject({ priority: null, labels: ['b'], dependsOn: ['T-2'], fields: { due: '2026-12-01' } })
    expect(two).toMatchObject({ priority: 'low', labels: ['a', 'b'], dependsOn: [] })
    for (const [verb, status] of Object.entries({ start: 'doing', done: 'done', reopen: 'todo', drop: 'dropped' })) {
      const { tasks } = await place.json([verb, 'T-1', 'T-2'])
      expect(tasks?.map((task) => [task.key, task.status])).toEqual([
        ['T-1', status],
        ['T-2', status],
      ])
    }
  })

  it('[G1] delete hides, restore brings back, move puts in order and below', async () => {
    await using place = await withTasks('one', 'two', 'three')
    await place.must(['delete', 'T-2'])
    expect(await place.must(['list'])).not.toContain('two')
    expect((await place.all()).map((task) => task.deleted)).toEqual([false, true, false])
    await place.must(['restore', 'T-2'])
    await place.must(['move', 'T-3', '--before', 'T-1'])
    await place.must(['move', 'T-1', '--after', 'T-2'])
    expect((await place.all()).map((task) => task.key)).toEqual(['T-3', 'T-2', 'T-1'])
    await place.must(['move', 'T-1', '--parent', 'T-3'])
    expect((await place.json(['show', 'T-1'])).task?.parent).toBe('T-3')
    expectRefusal(await place.tide(['move', 'T-3', '--parent', 'T-1']), 4, 'T-3')
    await place.must(['move', 'T-1', '--parent', 'none'])
    expect((await place.json(['show', 'T-1'])).task?.parent).toBe(null)
  })

  it('[G1] comments, history and undo: who did what, and back', async () => {
    await using place = await withTasks('one')
    const id = (await place.must(['comment', 'T-1', 'Works on Linux', '--as', 'sara'])).trim()
    await place.must(['set', 'T-1', 'priority=high', 'labels=web'], { env: { TIDEMARK_ACTOR: 'agent-7' } })
    const { task } = await place.json(['show', 'T-1'])
    expect(task?.comments).toMatchObject([{ id, by: 'sara', text: 'Works on Linux' }])
    const { changes } = await place.json(['history', 'T-1'])
    expect(changes).toMatchObject([
      { verb: 'set', by: { name: 'agent-7' } },
      { verb: 'comment', by: { name: 'sara' } },
      { verb: 'create' },
    ])
    const plain = (await place.must(['history'])).trimEnd().split('\n').map(fieldsOf)
    expect(plain[0]?.slice(3)).toEqual(['set', 'T-1', 'priority', 'null', '"high"'])
    await place.must(['undo', 'T-1'])
    expect((await place.json(['show', 'T-1'])).task).toMatchObject({ priority: null, labels: [] })
    const { changes: after } = await place.json(['history', '--limit', '1'])
    expect(after).toMatchObject([{ verb: 'undo' }])
    await place.must(['set', 'T-1', 'priority=low'])
    const { changes: last } = await place.json(['history', '--limit', '1'])
    await place.must(['set', 'T-1', 'priority=critical'])
    const [low] = last as readonly { readonly id: string }[]
    expectRefusal(await place.tide(['undo', '--change', low?.id ?? '']), 4, 'priority')
    expect((await place.json(['show', 'T-1'])).task?.priority).toBe('critical')
  })

  it('[G1] two copies that disagree show a conflict; resolve settles it', async () => {
    await using place = await withTasks('one')
    const other = join(place.root, 'other')
    await cp(place.dir, other, { recursive: true })
    await place.must(['set', 'T-1', 'status=review'])
    await place.must(['set', 'T-1', 'status=blocked'], { cwd: other })
    await place.must(['backup', '../other.tide'], { cwd: other })
    await place.must(['recover', '../other.tide'])
    const { conflicts } = await place.json(['conflicts'])
    const [shown, lost] = ['blocked', 'review']
    expect(conflicts).toMatchObject([
      {
        key: 'T-1',
        field: 'status',
        values: [
          { n: 0, value: shown },
          { n: 1, value: lost },
        ],
      },
    ])
    expect((await place.json(['status']))['conflicts']).toBe(1)
    expect(await place.must(['list'])).toContain('conflict:status')
    await place.must(['resolve', 'T-1', 'status', '--take', '1'])
    expect(await place.must(['conflicts'])).toBe('')
    expect((await place.json(['show', 'T-1'])).task).toMatchObject({ status: lost, conflicts: [] })
    expectRefusal(await place.tide(['resolve', 'T-1', 'status', '--take', '1']), 3)
  })

  it('[G6] purge asks where someone can answer, and else refuses without --yes: nothing changed', async () => {
    await using place = await withTasks('one', 'two')
    expectRefusal(await place.tide(['purge', 'T-1', '--yes']), 4, 'T-1 is not deleted')
    await place.must(['delete', 'T-1'])
    const before = await place.all()
    expectRefusal(await place.tide(['purge', 'T-1']), 4, 'T-1')
    expectRefusal(await place.tide(['purge', 'T-1'], { input: 'yes\n' }), 4, 'T-1')
    expectError(await place.tide(['purge', 'T-1', '--json'], { input: 'yes\n' }), 4, 'NOT_CONFIRMED')
    expect(await place.all()).toEqual(before)
    expect(await place.must(['purge', 'T-1', '--yes'])).toBe('T-1\n')
    expect((await place.all()).map((task) => task.key)).toEqual(['T-2'])
    expectRefusal(await place.tide(['show', 'T-1']), 3, 'T-1')
    expect(await place.must(['add', 'three']), 'the number of a purged task is not given again').toBe('T-3\n')
  })

  it('[G3] every kind of failure has its exit code, a sentence and a hint, and changes nothing', async () => {
    await using place = await withTasks('one', 'two')
    await place.must(['set', 'T-2', 'depends=T-1'])
    const before = await place.all()
    const failures: readonly (readonly [exit: number, code: string, ...args: string[]])[] = [
      [2, 'USAGE', 'lst'],
      [2, 'USAGE', 'list', '--lable', 'web'],
      [2, 'USAGE', 'add'],
      [2, 'USAGE', 'set', 'T-1'],
      [2, 'INVALID_INPUT', 'add', ''],
      [2, 'INVALID_INPUT', 'add', 'two\nlines'],
      [2, 'INVALID_INPUT', 'set', 'T-1', 'status=finished'],
      [2, 'INVALID_INPUT', 'set', 'T-1', 'priority=urgent'],
      [2, 'INVALID_INPUT', 'set', 'T-1', 'due=2026-02-30'],
      [2, 'INVALID_INPUT', 'list', '--limit', '0'],
      [2, 'TOO_LARGE', 'add', 'x'.repeat(501)],
      [3, 'TASK_NOT_FOUND', 'show', 'T-99'],
      [3, 'TASK_NOT_FOUND', 'done', 'T-1', 'T-99'],
      [3, 'FILE_NOT_FOUND', 'recover', 'nothing.tide'],
      [3, 'NOT_A_WORKSPACE', 'list', '--dir', place.root],
      [3, 'CHANGE_NOT_FOUND', 'undo', '--change', 'nothing1'],
      [4, 'DEPENDENCY_CYCLE', 'set', 'T-1', 'depends=T-2'],
      [4, 'WORKSPACE_EXISTS', 'init', '--prefix', 'SHOP'],
    ]
    for (const [exit, code, ...args] of failures) {
      const [asJson, plain] = await Promise.all([place.tide([...args, '--json']), place.tide(args)])
      expectError(asJson, exit, code)
      expectRefusal(plain, exit)
    }
    expect(await place.all()).toEqual(before)
  })

  it('[G2] with --json every command prints one document with its schema, and nothing else', async () => {
    await using place = await withTasks('one', 'two')
    const commands = `add three|list|ready|show T-1|search one|set T-1 status=doing|start T-1|done T-1|reopen T-1|drop T-1
      delete T-1|restore T-1|delete T-2|purge T-2 --yes|move T-1 --after T-3|comment T-1 hello|history|undo T-1|conflicts
      status|config|config get prefix|config set relay none|backup a.tide|recover a.tide|doctor|doctor --fix|init
      completion bash|completion zsh|help|help add|list --help`
    for (const command of commands.split(/[|\n]/)) await place.json(command.trim().split(' '))
    const version = await place.json(['--version'])
    expect(version['version']).toMatch(/^\d+\.\d+\.\d+$/)
    expect((await place.tide(['--version'])).out).toBe(`${String(version['version'])}\n`)
  })

  it('[G4] the workspace is found from below, and by --dir; who acts comes from --as, else from TIDEMARK_ACTOR', async () => {
    await using place = await withTasks('one')
    await place.must(['init', '--dir', place.temporary])
    const below = join(place.dir, '.tidemark', 'store')
    expect(await place.must(['list'], { cwd: below })).toContain('one')
    expect(await place.must(['--dir', below, 'list'], { cwd: '/' })).toContain('one')
    expect(await place.must(['list', `--dir=${place.dir}`], { cwd: '/' })).toContain('one')
    expect(await place.must(['list', '--dir', place.temporary])).toBe('')
    await place.must(['done', 'T-1', '--as', 'sara'], { env: { TIDEMARK_ACTOR: 'agent-7' } })
    await place.must(['reopen', 'T-1'], { env: { TIDEMARK_ACTOR: 'agent-7', USER: 'kim' } })
    await place.must(['drop', 'T-1'], { env: { USER: 'kim' } })
    const { changes } = await place.json(['history', '--limit', '3'])
    expect(changes).toMatchObject([{ by: { name: 'kim' } }, { by: { name: 'agent-7' } }, { by: { name: 'sara' } }])
    const bad = await place.tide(['done', 'T-1'], { env: { TIDEMARK_ACTOR: 'a\nb' } })
    expect(bad.exit, `${words(bad)}`).toBe(2)
  })
})
