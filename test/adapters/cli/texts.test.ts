/** Answers in words: one task whole, the past, conflicts, the state of the workspace. */
import { describe, expect, it } from 'vitest'
import { taskOf } from './fake-project.ts'
import { FakeWorld } from './fake-world.ts'
import { runProgram } from '../../../adapters/cli/program.ts'
import { tide } from './run.ts'

const full = taskOf('T-12', {
  title: 'Fix login',
  status: 'doing',
  priority: 'high',
  ready: false,
  labels: ['web', 'auth'],
  assignees: ['sara'],
  dependsOn: ['T-3'],
  parent: 'T-1',
  conflicts: ['status'],
  fields: { estimate: 3, note: 'two\nlines' },
  path: 'tasks/T-12-fix-login.md',
  aliases: ['T-9'],
  claim: {
    by: 'agent-1',
    type: 'agent',
    token: 7,
    expiresAt: '2026-01-02T04:00:00Z',
    state: 'granted',
    scope: 'relay',
  },
  body: 'First line\n\n\tcode\n',
  comments: [{ id: 'c1', by: 'sara', at: '2026-01-02T03:04:05.678Z', text: 'seen it\ntwice' }],
})

describe('answers in words', () => {
  it('[L29] show prints everything a task has', async () => {
    const { out } = await tide(['show', 'T-12'], { tasks: [full], terminal: 80 })
    expect(out).toBe(`Fix login
T-12  doing  high

labels     web, auth
assignees  sara
depends    T-3
parent     T-1
claim      agent-1 (agent) until 2026-01-02 04:00:00Z, token 7 of the relay
estimate   3
note       "two\\nlines"
aliases    T-9
path       tasks/T-12-fix-login.md
created    2026-01-02 03:04:05Z
updated    2026-01-02 03:04:05Z
conflict in status: see tide conflicts T-12

First line

\tcode

Comments
sara  2026-01-02 03:04:05Z
  seen it
  twice
`)
  })

  it('[L29] show prints no empty part', async () => {
    const { out } = await tide(['show', 'T-1'], { tasks: [taskOf('T-1')] })
    expect(out).toBe('Task T-1\nT-1  todo  ready\n\ncreated  2026-01-02 03:04:05Z\nupdated  2026-01-02 03:04:05Z\n')
  })

  it('[L30] history is blocks on a terminal and a line per field on a pipe', async () => {
    const lines = async (terminal?: number): Promise<string> => {
      const first = new FakeWorld(['set', 'T-12', 'status=done', 'labels+=ui', '--as', 'sara'], { tasks: [full] })
      await runProgram(first)
      const second = new FakeWorld(['history', 'T-12'], terminal === undefined ? {} : { terminal })
      Object.assign(second, { project: first.project })
      await runProgram(second)
      return second.out
    }
    expect(await lines(80)).toBe(`c1  2026-01-02 03:04:05Z  sara  set
  T-12  status: doing -> done
  T-12  labels: web, auth -> web, auth, ui
`)
    expect(await lines(30)).toContain('  T-12  labels: web, auth -> …\n')
    expect(await lines()).toBe(
      'c1\t2026-01-02T03:04:05.678Z\tsara\tset\tT-12\tstatus\t"doing"\t"done"\n' +
        'c1\t2026-01-02T03:04:05.678Z\tsara\tset\tT-12\tlabels\t["web","auth"]\t["web","auth","ui"]\n',
    )
  })

  it('[L30] conflicts show every value with its number', async () => {
    expect((await tide(['conflicts'], { terminal: 80 })).out).toBe(`T-2  status
  0 (shown)  doing  2026-01-02 03:04:05Z  ws000001, edit
  1  review  2026-01-02 03:04:05Z  ws000002, stale save
`)
    expect((await tide(['conflicts'])).out).toBe(
      'T-2\tstatus\t0\t"doing"\t2026-01-02T03:04:05.678Z\tws000001\tedit\n' +
        'T-2\tstatus\t1\t"review"\t2026-01-02T03:04:05.678Z\tws000002\tstale save\n',
    )
  })

  it('[L30] status says what is running, saved, unsynced and odd', async () => {
    expect((await tide(['status'])).out).toBe(`workspace  /shop
project    project-1, native format
tasks      3
owner      process 7 since 2026-01-02 03:04:05Z
relay      none
unsynced   0
conflicts  1: see tide conflicts
problems   1
  tasks/T-1.md: it is odd (ODD)
`)
  })

  it('[L30] doctor says what it checked', async () => {
    expect((await tide(['doctor'])).out).toBe('ok       store: every row is whole\nproblem  index: it was behind\n')
  })
})
