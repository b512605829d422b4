/** Argv that means nothing: which error, and that the world was not touched. */
import { describe, expect, it } from 'vitest'
import { refusalOf, tide } from './run.ts'

const usage: readonly (readonly [name: string, argv: readonly string[], problem: string])[] = [
  ['add', [], "missing required argument 'title'"],
  ['add', ['Fix', 'login'], 'too many arguments'],
  ['add', ['Fix', '--body'], "option '--body <text>' argument missing"],
  ['add', ['Fix', '--lable', 'web'], 'did you mean --label?'],
  ['list', ['T-1'], 'too many arguments'],
  ['show', [], "missing required argument 'key'"],
  ['search', [], "missing required argument 'words'"],
  ['set', [], "missing required argument 'change'"],
  ['set', ['T-1'], 'no assignment was given'],
  ['set', ['status=done'], 'no task was named before "status=done"'],
  ['set', ['T-1', 'status=done', 'T-2'], '"T-2" is no assignment'],
  ['start', [], "missing required argument 'key'"],
  ['start', ['T-1', '--checkout'], "unknown option '--checkout'"],
  ['start', ['T-1', '--'], 'no program stands behind --'],
  ['claim', [], 'say which tasks, or --next'],
  ['claim', ['T-1', '--next'], 'not both'],
  ['claim', ['T-1', '--count', '2'], 'belong to --next'],
  ['claim', ['T-1', '--label', 'web'], 'belong to --next'],
  ['claim', ['--next', '--wait', '5s'], 'takes only what nobody holds'],
  ['claim', ['--next', '--steal', 'why'], 'takes only what nobody holds'],
  ['claim', ['--next', '--check'], 'takes only what nobody holds'],
  ['claim', ['T-1', '--check', '--wait', '5s'], 'claims nothing'],
  ['claim', ['T-1', '--check', '--', 'make'], 'claims nothing'],
  ['claim', ['T-1', '--', ''], 'no program stands behind --'],
  ['release', [], "missing required argument 'key'"],
  ['release', ['T-1', 'T-2', '--token', '7'], 'belongs to one task'],
  ['renew', ['T-1', 'T-2', '--token', '7'], 'belongs to one task'],
  ['done', ['T-1', 'T-2', '--token', '7'], 'belongs to one task'],
  ['set', ['T-1', 'T-2', 'status=done', '--token', '7'], 'belongs to one task'],
  ['reopen', ['T-1', '--token', '7'], "unknown option '--token'"],
  ['move', ['T-1'], 'say one place'],
  ['move', ['T-1', '--before', 'T-2', '--after', 'T-3'], 'say one place'],
  ['comment', ['T-1'], "missing required argument 'text'"],
  ['resolve', ['T-1', 'status'], 'either --take <n> or --value <value>'],
  ['resolve', ['T-1', 'status', '--take', '1', '--value', 'x'], 'either --take <n> or --value <value>'],
  ['config', ['put'], '"put" is neither get nor set'],
  ['config', ['get', 'prefix', 'T'], 'did you mean set?'],
  ['config', ['set', 'prefix'], 'set takes a name and a value'],
  ['backup', [], "missing required argument 'file'"],
  ['status', ['--dir', ''], '--dir names no folder'],
  ['list', ['--as', 'sara'], "unknown option '--as'"],
]

const invalid: readonly (readonly [name: string, argv: readonly string[], field: string])[] = [
  ['init', ['--format', 'jira'], 'format'],
  ['add', [''], 'title'],
  ['add', ['Fix', '-p', 'urgent'], 'priority'],
  ['add', ['Fix', '-p', ''], 'priority'],
  ['add', ['Fix', '-l', ','], 'labels'],
  ['add', ['Fix', '--set', 'title=Other'], 'title'],
  ['add', ['Fix', '--set', 'labels-=web'], 'labels'],
  ['add', ['Fix', '--set', 'due'], 'assignment'],
  ['list', ['--limit', '0'], 'limit'],
  ['list', ['--limit', 'ten'], 'limit'],
  ['list', ['--status', ''], 'status'],
  ['list', ['--label', ' , '], 'label'],
  ['list', ['--assignee', ' '], 'assignee'],
  ['show', [''], 'key'],
  ['show', ['a\nb'], 'key'],
  ['search', [' '], 'words'],
  ['comment', ['T-1', ' '], 'text'],
  ['history', ['--limit', '-3'], 'limit'],
  ['undo', ['--change', 'no such'], 'change'],
  ['resolve', ['T-1', '', '--take', '1'], 'field'],
  ['resolve', ['T-1', 'status', '--take', 'first'], 'take'],
  ['resolve', ['T-1', 'priority', '--value', 'urgent'], 'priority'],
  ['config', ['set', 'statuses', '["todo"'], 'statuses'],
  ['backup', [''], 'file'],
  ['completion', ['fish'], 'shell'],
  ['done', ['T-1', '--as', ''], 'as'],
  ['done', ['T-1', '--token', '0'], 'token'],
  ['set', ['T-1', 'status=done', '--token', 'x'], 'token'],
  ['claim', ['T-1', '--type', 'robot'], 'type'],
  ['claim', ['T-1', '--for', 'ever'], '--for'],
  ['claim', ['T-1', '--wait', '0'], '--wait'],
  ['claim', ['T-1', '--for', '500ms'], '--for'],
  ['renew', ['T-1', '--for', '31d'], '--for'],
  ['start', ['T-1', '--wait', '11m'], '--wait'],
  ['claim', ['T-1', '--request', ' '], 'request'],
  ['claim', ['T-1', '--steal', 'a\nb'], 'steal'],
  ['claim', ['--next', '--count', '0'], 'count'],
  ['claim', ['--next', '--label', ','], 'label'],
  ['assign', ['T-1', 'sara'], 'auto'],
  ['assign', ['--limit', '2', '--auto', ','], 'auto'],
  ['assign', ['--auto', 'agent-1', '--limit', 'none'], 'limit'],
]

describe('argv that means nothing', () => {
  it.each(usage)('[L3] tide %s %j is a usage error', async (name, argv, problem) => {
    const error = await refusalOf(name, argv)
    expect(error).toMatchObject({ code: 'USAGE', exit: 2, hint: `see: tide help ${name}` })
    expect(error.message).toContain(problem)
    expect(error.message).not.toContain('\n')
  })

  it.each(invalid)(
    '[L4] tide %s %j is invalid input, and the hint says what would be right',
    async (name, argv, field) => {
      const error = await refusalOf(name, argv)
      expect(error).toMatchObject({ code: 'INVALID_INPUT', exit: 2, details: { field } })
      expect(error.hint).not.toBe('')
    },
  )

  it('[L3] [L4] what is refused by the grammar never reaches the world', async () => {
    for (const [name, argv] of [...usage, ...invalid]) {
      const world = await tide([name, ...argv])
      expect([world.exit, world.calls, world.out]).toEqual([2, [], ''])
    }
  })

  it.each([
    ['lst', 'list'],
    ['serach', 'search'],
    ['hist', 'history'],
    ['DONE', 'done'],
    ['stauts', 'status'],
  ])('[L5] an unknown command %s is refused and %s is suggested', async (typed, meant) => {
    const world = await tide([typed])
    expect(world.exit).toBe(2)
    expect(world.err).toBe(
      `tide: there is no command "${typed}" (did you mean ${meant}?)\nhint: see: tide help ${meant}\n`,
    )
  })

  it('[L5] a word that is near no command is refused without a suggestion', async () => {
    const world = await tide(['frobnicate'])
    expect(world.err).toBe('tide: there is no command "frobnicate"\nhint: see: tide help\n')
    expect((await tide(['x'.repeat(100_000)])).err.length).toBeLessThan(200)
  })
})
