/** What is printed where: documents, results, words, errors. */
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../../src/internal.ts'
import { taskOf } from './fake-project.ts'
import { FakeWorld } from './fake-world.ts'
import { runProgram } from '../../../adapters/cli/program.ts'
import { tide } from './run.ts'

const tasks = [taskOf('T-1'), taskOf('T-2', { conflicts: ['status'] }), taskOf('T-3', { deleted: true })]
const files = { '/in.tide': 'everything' }

const documents: readonly (readonly [argv: readonly string[], names: readonly string[]])[] = [
  [['init'], ['dir', 'project', 'format', 'tasks', 'created', 'imported']],
  [['add', 'Fix'], ['task']],
  [['list'], ['tasks']],
  [['ready'], ['tasks']],
  [['search', 'Task'], ['tasks']],
  [['show', 'T-1'], ['task']],
  [['set', 'T-1', 'status=doing'], ['tasks']],
  [
    ['start', 'T-1'],
    ['tasks', 'granted', 'assigned', 'failed', 'skipped'],
  ],
  [
    ['claim', 'T-1', 'T-2'],
    ['granted', 'assigned', 'failed', 'skipped'],
  ],
  [
    ['claim', '--next'],
    ['granted', 'assigned', 'failed', 'skipped'],
  ],
  [
    ['claim', 'T-1', '--check'],
    ['granted', 'assigned', 'failed', 'skipped', 'free'],
  ],
  [
    ['assign', '--auto', 'agent-1', 'agent-2'],
    ['granted', 'assigned', 'failed', 'skipped'],
  ],
  [
    ['release', 'T-1'],
    ['released', 'failed'],
  ],
  [['claims'], ['claims', 'lost', 'fresh']],
  [['done', 'T-1', 'T-2'], ['tasks']],
  [['drop', 'T-1'], ['tasks']],
  [['reopen', 'T-1'], ['tasks']],
  [['delete', 'T-1'], ['tasks']],
  [['restore', 'T-3'], ['tasks']],
  [['purge', 'T-3', '--yes'], ['purged']],
  [['move', 'T-1', '--parent', 'none'], ['tasks']],
  [
    ['comment', 'T-1', 'yes'],
    ['comment', 'tasks'],
  ],
  [['history'], ['changes']],
  [['conflicts'], ['conflicts']],
  [['resolve', 'T-2', 'status', '--take', '0'], ['tasks']],
  [
    ['sync', '--take-files'],
    ['files', 'relay', 'unsynced', 'problems'],
  ],
  [['status'], ['workspace', 'owner', 'relay', 'unsynced', 'conflicts', 'problems']],
  [['config'], ['path', 'settings']],
  [
    ['config', 'get', 'prefix'],
    ['name', 'value'],
  ],
  [
    ['backup', 'new.tide'],
    ['path', 'bytes'],
  ],
  [
    ['recover', '/in.tide'],
    ['tasks', 'changed'],
  ],
  [
    ['doctor', '--fix'],
    ['healthy', 'checks'],
  ],
  [
    ['completion', 'bash'],
    ['shell', 'script'],
  ],
  [['__complete', '--', ''], ['candidates']],
  [['demo'], ['steps']],
  [['help'], ['help']],
  [['help', 'list'], ['help']],
  [['list', '--help'], ['help']],
  [['--version'], ['version']],
]

const faults = new Error('the disk \u001b[2J\n  is on fire')

describe('--json', () => {
  it.each(documents)('[L17] tide %j --json prints one document, schema first', async (argv, names) => {
    const { exit, out, err } = await tide(['--json', ...argv], { tasks, files, terminal: 80, colour: true })
    expect(exit).toBe(0)
    expect(out).toMatch(/^\{"schema":1,[^\n]*\}\n$/)
    expect(Object.keys(JSON.parse(out) as object)).toEqual(['schema', ...names])
    expect(err).toBe('')
  })

  it('[L17] --json counts wherever it stands before --, even where a value is missing', async () => {
    expect((await tide(['add', '--json', 'Fix'])).out).toMatch(/^\{"schema":1/)
    expect((await tide(['add', 'Fix', '--body', '--json'])).out).toMatch(/^\{"error":\{"code":"USAGE"/)
    expect((await tide(['comment', 'T-1', '--', '--json'], { tasks })).out).toBe('comment1\n')
  })

  it('[L18] an error is one document with code, message, hint and details', async () => {
    const { exit, out, err } = await tide(['show', 'T-9', '--json'], { tasks })
    expect(JSON.parse(out)).toEqual({
      error: {
        code: 'TASK_NOT_FOUND',
        message: 'there is no task T-9',
        hint: 'see: tide list --all',
        details: { key: 'T-9' },
      },
    })
    expect([exit, err]).toEqual([3, ''])
  })

  it('[L18] details that cannot be written as JSON do not spoil the document', async () => {
    const failure = new TaskError('TIMED_OUT', { what: 'x', limit: '5 s', size: 1n })
    const { exit, out } = await tide(['list', '--json'], { failure })
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'TIMED_OUT', details: {} } })
    expect(exit).toBe(6)
  })

  it('[L19] a failure while the pieces of a list are made leaves no half document', async () => {
    const world = new FakeWorld(['list', '--json'], { tasks })
    const list = world.list.bind(world)
    world.list = async (dir, filter) => ({
      ...(await list(dir, filter)),
      *json() {
        yield new TextEncoder().encode('{"schema":1,"tasks":[')
        yield '"x'.repeat(100_000)
        throw new TaskError('STORE_UNREADABLE', { path: 'index', reason: 'it ends early' })
      },
    })
    expect(await runProgram(world)).toBe(1)
    expect(JSON.parse(world.out)).toMatchObject({ error: { code: 'STORE_UNREADABLE' } })
  })

  it('[L19] a workspace that fails to close is told alone, not after the result', async () => {
    const world = new FakeWorld(['done', 'T-1', '--json'], { tasks })
    const open = world.open.bind(world)
    world.open = async (dir, options) => ({
      ...(await open(dir, options)),
      [Symbol.asyncDispose]: () => Promise.reject(new TaskError('STORE_UNWRITABLE', { path: 'log', reason: 'full' })),
    })
    expect(await runProgram(world)).toBe(1)
    expect(JSON.parse(world.out)).toMatchObject({ error: { code: 'STORE_UNWRITABLE' } })
  })

  it('[L19] where the call failed and then the closing, the call is what is told', async () => {
    const world = new FakeWorld(['done', 'T-9', '--json'], { tasks })
    const open = world.open.bind(world)
    world.open = async (dir, options) => ({
      ...(await open(dir, options)),
      [Symbol.asyncDispose]: () => Promise.reject(new TaskError('STORE_UNWRITABLE', { path: 'log', reason: 'full' })),
    })
    expect(await runProgram(world)).toBe(3)
    expect(JSON.parse(world.out)).toMatchObject({ error: { code: 'TASK_NOT_FOUND' } })
  })

  it('[L17] undo answers with the new change and the tasks', async () => {
    const first = await tide(['done', 'T-1'], { tasks })
    const world = new FakeWorld(['undo', 'T-1', '--json'])
    await runProgram(Object.assign(world, { project: first.project }))
    expect(JSON.parse(world.out)).toMatchObject({ schema: 1, change: { undoes: 'c1' }, tasks: [{ status: 'todo' }] })
  })
})

describe('words and errors', () => {
  it('[L20] add prints the key alone; words come on a terminal only, on stderr', async () => {
    const piped = await tide(['add', 'Fix login'])
    expect([piped.out, piped.err]).toEqual(['T-1\n', ''])
    const seen = await tide(['add', 'Fix login'], { terminal: 80 })
    expect([seen.out, seen.err]).toEqual(['T-1\n', 'added Fix login\n'])
  })

  it('[L20] an empty list says so on a terminal, and is empty on a pipe', async () => {
    expect(await tide(['list'])).toMatchObject({ out: '', err: '', exit: 0 })
    expect(await tide(['list'], { terminal: 80 })).toMatchObject({
      out: '',
      err: 'no tasks fit; closed ones: tide list --all\n',
    })
  })

  it('[L21] an error is two lines on stderr, and its exit code is that of the table', async () => {
    const { exit, out, err } = await tide(['show', 'T-9'], { tasks, terminal: 80 })
    expect([exit, out, err]).toEqual([3, '', 'tide: there is no task T-9\nhint: see: tide list --all\n'])
  })

  it('[L22] a fault shows no stack and no control character', async () => {
    const { exit, out, err } = await tide(['list'], { failure: faults })
    expect([exit, out]).toEqual([1, ''])
    expect(err).toMatch(/^tide: something went wrong that should not: the disk \S+ is on fire\nhint: .*\n$/)
    expect(err).not.toContain('\u001b')
    const document = await tide(['list', '--json'], { failure: faults })
    expect(document.out).not.toContain('    at ')
    expect(document.err).toBe('')
  })

  it('[L22] with TIDEMARK_DEBUG the stack of a fault is on stderr', async () => {
    const { out, err } = await tide(['list', '--json'], { failure: faults, env: { TIDEMARK_DEBUG: '1' } })
    expect(err).toContain('    at ')
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'FAULT' } })
  })

  it('[L22] output that is gone does not make the program throw', async () => {
    const world = new FakeWorld(['list'], { tasks })
    const gone = {
      ...world.stdout,
      write: () => {
        throw new Error('EPIPE')
      },
    }
    expect(await runProgram(Object.assign(world, { stdout: gone, stderr: gone }))).toBe(1)
  })
})
