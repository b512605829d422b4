/** Options to effects: what each command asks of the world, and how often. */
import { describe, expect, it } from 'vitest'
import type { FakeOptions } from './fake-world.ts'
import { taskOf } from './fake-project.ts'
import { tide } from './run.ts'

const tasks = [taskOf('T-1'), taskOf('T-2', { conflicts: ['status'] }), taskOf('T-3', { deleted: true })]
const keys = ['T-1', 'T-2']

const asked: readonly (readonly [argv: readonly string[], method: string, params: object])[] = [
  [['add', 'Fix', '-p', 'high'], 'task.create', { title: 'Fix', priority: 'high' }],
  [['show', 'T-1'], 'task.get', { key: 'T-1' }],
  [
    ['set', ...keys, 'status=doing', 'labels+=web'],
    'tasks.update',
    { keys, changes: { status: 'doing', addLabels: ['web'] } },
  ],
  [['start', ...keys], 'tasks.start', { keys, type: 'agent' }],
  [['done', ...keys], 'tasks.transition', { keys, to: 'done' }],
  [['drop', 'T-1'], 'tasks.transition', { keys: ['T-1'], to: 'dropped' }],
  [['reopen', 'T-1'], 'tasks.transition', { keys: ['T-1'], to: 'open' }],
  [['delete', ...keys], 'tasks.delete', { keys }],
  [['restore', 'T-3'], 'tasks.restore', { keys: ['T-3'] }],
  [['purge', 'T-3', '--yes'], 'tasks.purge', { keys: ['T-3'], confirmed: true }],
  [['move', 'T-1', '--after', 'T-2'], 'task.move', { key: 'T-1', after: 'T-2' }],
  [['comment', 'T-1', 'it works'], 'task.comment', { key: 'T-1', text: 'it works' }],
  [['history', 'T-1'], 'history.list', { key: 'T-1', limit: 50 }],
  [['conflicts'], 'conflicts.list', {}],
  [['resolve', 'T-2', 'status', '--take', '1'], 'conflict.resolve', { key: 'T-2', field: 'status', take: 1 }],
  [['status'], 'workspace.status', {}],
  [['backup', 'out.tide'], 'workspace.backup', {}],
  [['sync', '--take-files'], 'workspace.sync', { force: false, takeFiles: true, wait: false }],
  [['doctor', '--fix'], 'workspace.doctor', { fix: true }],
]

const world: FakeOptions = { tasks, files: { '/in.tide': 'everything' } }

describe('effects', () => {
  it.each(asked)('[L9] tide %j asks the workspace once and closes it', async (argv, method, params) => {
    const { exit, calls, opened, closed } = await tide(argv, world)
    expect(exit).toBe(0)
    expect(calls).toEqual([
      ['open', '/shop/deep', {}],
      [method, params],
    ])
    expect([opened, closed]).toEqual([1, 1])
  })

  it('[M54] sync with problems prints them and ends with 4', async () => {
    const { exit, out } = await tide(['sync'], world)
    expect([exit, out]).toEqual([4, 'read     1\nwritten  2\ntasks/T-1.md: it is empty (FILE_EMPTY)\n'])
    expect(await tide(['sync', '--json'], world)).toMatchObject({ exit: 4 })
  })

  it("[M55] edit opens the task's file and shows the task as it is afterwards", async () => {
    const tasks = [taskOf('T-1', { path: 'tasks/T-1-fix.md' }), taskOf('T-2')]
    const { exit, calls, opened, closed } = await tide(['edit', 'T-1'], { tasks })
    expect([exit, opened, closed]).toEqual([0, 2, 2])
    expect(calls.map(([name]) => name)).toEqual(['open', 'task.get', 'edit', 'open', 'task.get'])
    expect(calls[2]).toEqual(['edit', '/shop/deep', 'tasks/T-1-fix.md'])
    expect(await tide(['edit', 'T-2'], { tasks })).toMatchObject({ exit: 3 })
  })

  it.each([
    [
      ['list', '--ready'],
      ['list', '/shop/deep', { ready: true }],
    ],
    [
      ['ready', '--limit', '1'],
      ['list', '/shop/deep', { ready: true, limit: 1 }],
    ],
    [
      ['search', 'Task', 'T'],
      ['search', '/shop/deep', 'Task T', {}],
    ],
    [
      ['init', '--prefix', 'S'],
      ['init', { dir: '/shop/deep', prefix: 'S' }],
    ],
  ])('[L9] tide %j needs no open workspace', async (argv, call) => {
    expect((await tide(argv, world)).calls).toEqual([call])
  })

  it.each([
    [['up'], ['up', '/shop/deep'], 0, 'live  /shop'],
    [['up', '--foreground'], ['upHere', '/shop/deep'], 0, 'live  /shop'],
    [['down'], ['down', '/shop/deep'], 0, 'down  /shop'],
    [['down', '--all'], ['downAll'], 0, 'ended  process 7'],
    [['server', 'start', '--port', '7'], ['startServer', { port: 7 }], 0, 'relay        ws://127.0.0.1:5173'],
    [['sync', 'server', 'stop'], ['stopServer'], 0, 'ended  process 8'],
    [['server', 'status'], ['serverStatus'], 0, '  project-1  2'],
    [['server', 'start', '--foreground'], ['serveHere', {}], 0, 'relay        ws://127.0.0.1:5173'],
    [['token', 'create', '--label', 'sara'], ['createToken', '/shop/deep', 'write', 'sara'], 0, 'tide_secret'],
    [['token', 'list'], ['listTokens', '/shop/deep'], 0, 'id000001\twrite\t2026-01-01T00:00:00.000Z\tsara'],
    [['token', 'revoke', 'id000001'], ['revokeToken', '/shop/deep', 'id000001'], 0, 'revoked'],
    [
      ['join', 'wss://relay.example:5173', '--token-file', '/token'],
      ['join', '/shop/deep', { url: 'wss://relay.example:5173', token: 'secret' }],
      0,
      'joined  project-1 at wss://relay.example:5173',
    ],
  ] as const)('[L37] tide %j asks for a process that outlives it', async (argv, call, exit, words) => {
    const done = await tide([...argv], { files: { '/token': ' secret\n' } })
    expect([done.exit, done.calls.filter(([name]) => name === call[0]), done.calls.length > 0]).toEqual([
      exit,
      [call],
      true,
    ])
    expect(done.out).toContain(words)
    expect((await tide([...argv, '--json'], { files: { '/token': 'secret' } })).exit).toBe(exit)
  })

  it.each([
    [['server'], 'missing'],
    [['server', 'begin'], 'none of start, stop, status'],
    [['server', 'start', '--port', '70000'], 'not a port'],
    [['server', 'start', '--cert', 'c'], 'belong together'],
    [['token', 'revoke'], 'takes the id'],
    [['token', 'create', '--rights', 'all'], 'none of read, write, admin'],
    [['join'], ''],
    [['join', 'wss://relay.example', '--token-file', '/empty'], 'holds no token'],
    [['sync', '--timeout', 'soon'], 'not a time'],
  ] as const)('[L38] tide %j is refused before anything is asked', async (argv, words) => {
    const { exit, calls, err } = await tide([...argv], { files: { '/empty': '\n' } })
    expect([exit, calls.filter(([name]) => name !== 'readFile')]).toEqual([2, []])
    expect(err).toContain(words)
    expect(err).toMatch(/^tide: .+\nhint: .+\n$/)
  })

  it('[L9] recover looks whether there is a workspace, then merges into it', async () => {
    const { exit, calls } = await tide(['recover', '/in.tide'], world)
    expect(exit).toBe(0)
    expect(calls).toEqual([
      ['readConfig', '/shop/deep'],
      ['open', '/shop/deep', {}],
      ['workspace.recover', { backup: btoa('everything') }],
    ])
  })

  it('[L9] undo takes back the change that it names', async () => {
    const { calls, exit } = await tide(['undo', '--change', 'c1'], world)
    expect([calls[1], exit]).toEqual([['history.undo', { change: 'c1' }], 3])
  })

  it.each([
    [['add', 'Fix', '--body', '-'], 'task.create', { title: 'Fix', body: 'one\ntwo\n' }],
    [['set', 'T-1', 'body=-'], 'tasks.update', { keys: ['T-1'], changes: { body: 'one\ntwo\n' } }],
    [['comment', 'T-1', '-'], 'task.comment', { key: 'T-1', text: 'one\ntwo' }],
  ])('[L10] %j reads standard input', async (argv, method, params) => {
    expect((await tide(argv, { ...world, input: 'one\ntwo\n' })).calls[1]).toEqual([method, params])
  })

  it('[L10] an empty comment from standard input is refused', async () => {
    expect(await tide(['comment', 'T-1', '-'], { ...world, input: '\n' })).toMatchObject({ exit: 2, calls: [] })
  })

  it('[L11] --as comes before TIDEMARK_ACTOR, and only commands that write say who', async () => {
    const env = { TIDEMARK_ACTOR: 'sara' }
    const actorIn = async (argv: readonly string[], with_: FakeOptions = {}): Promise<unknown> =>
      (await tide(argv, { ...world, ...with_ })).calls[0]?.[2]
    expect(await actorIn(['done', 'T-1', '--as', 'agent-1'], { env })).toEqual({ actor: 'agent-1' })
    expect(await actorIn(['--as', 'agent-1', 'done', 'T-1'])).toEqual({ actor: 'agent-1' })
    expect(await actorIn(['done', 'T-1'], { env })).toEqual({ actor: 'sara' })
    expect(await actorIn(['done', 'T-1'], { env: { TIDEMARK_ACTOR: '' } })).toEqual({})
    expect(await actorIn(['show', 'T-1'], { env })).toEqual({})
  })

  it('[L12] --dir is found from the current directory, wherever it stands', async () => {
    for (const argv of [
      ['list', '--dir', '../other'],
      ['--dir', '../other', 'list'],
      ['--dir=../other', 'list'],
    ]) {
      expect((await tide(argv, world)).calls).toEqual([['list', '/shop/other', {}]])
    }
  })

  it('[L13] purge asks at a terminal and takes nothing but yes for yes', async () => {
    const purged = await tide(['purge', 'T-3'], { ...world, answer: 'yes' })
    expect([purged.exit, purged.out, purged.calls[0]?.[0]]).toEqual([0, 'T-3\n', 'ask'])
    for (const answer of ['', 'y?', 'no']) {
      expect(await tide(['purge', 'T-3'], { ...world, answer })).toMatchObject({ exit: 4, opened: 0, out: '' })
    }
  })

  it('[L13] purge without a terminal, or with --json, needs --yes', async () => {
    const piped = await tide(['purge', 'T-3'], world)
    expect([piped.exit, piped.calls]).toEqual([4, []])
    expect(piped.err).toBe(
      'tide: purging T-3 cannot be taken back and was not confirmed\nhint: ask again with --yes if you mean it\n',
    )
    expect(await tide(['purge', 'T-3', '--json'], { ...world, answer: 'yes' })).toMatchObject({ exit: 4, calls: [] })
  })

  it('[L14] backup writes a new file beside where the command runs, and replaces none', async () => {
    const written = await tide(['backup', 'out.tide', '--dir', '/elsewhere'], world)
    expect(new TextDecoder().decode(written.files.get('/shop/deep/out.tide'))).toBe('everything')
    expect(await tide(['backup', '/in.tide'], world)).toMatchObject({ exit: 4, out: '' })
    expect(await tide(['recover', '/not-there'], world)).toMatchObject({ exit: 3, calls: [] })
  })

  it('[L15] config reads all settings or one, and writes one', async () => {
    expect((await tide(['config', 'get', 'prefix'], world)).out).toBe('T\n')
    expect((await tide(['config'], world)).out).toBe(
      'schema\t1\nproject\tproject-1\nprefix\tT\nstatuses\t["todo","done"]\n',
    )
    const changed = await tide(['config', 'set', 'statuses', 'todo,done'], world)
    expect(changed.calls[0]).toEqual(['writeConfig', '/shop/deep', 'statuses', ['todo', 'done']])
    const unknown = await tide(['config', 'get', 'prefx'], world)
    expect([unknown.exit, unknown.err]).toEqual([
      2,
      'tide: prefx: there is no such setting\nhint: did you mean prefix?\n',
    ])
  })

  it('[L16] doctor exits with 1 where something is left to mend; status exits with 0 all the same', async () => {
    expect((await tide(['doctor'], world)).exit).toBe(1)
    expect((await tide(['doctor', '--json'], world)).exit).toBe(1)
    expect((await tide(['doctor', '--fix'], world)).exit).toBe(0)
    expect((await tide(['status'], world)).exit).toBe(0)
  })
})
