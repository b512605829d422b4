/** tidemark.json: what a project has agreed on, read once and checked; what this version does not know is kept. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../src/errors.ts'
import { parseProjectId } from '../../src/ids.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { thrownBy } from './task-states.ts'
import { formats, newConfig, parseConfig, renderConfig, withSetting } from '../../src/workspace/config.ts'

const LEAST = { schema: 1, project: 'abc123' }

describe('settings', () => {
  it('[N1] need a schema and a project, everything else has a default', () => {
    expect(parseConfig(JSON.stringify(LEAST))).toEqual({
      schema: 1,
      project: 'abc123',
      format: 'native',
      tasks: 'tasks',
      prefix: 'T',
      statuses: defaultStatuses,
      relay: 'auto',
      mode: 'live',
      other: {},
    })
    expect(parseConfig(`\ufeff${JSON.stringify(LEAST)}`).project).toBe('abc123')
    expect(newConfig(parseProjectId('abc123'))).toEqual(parseConfig(JSON.stringify(LEAST)))
  })

  it('[N2] of any kind come back from their file as they were, those this version does not know included', () => {
    const names = fc.stringMatching(/^[a-z][a-z -]{0,20}[a-z]$/)
    const config = fc.record({
      schema: fc.constant(1),
      project: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{2,63}$/),
      format: fc.constantFrom(...formats),
      tasks: fc.constantFrom('tasks', 'docs/tasks', '.backlog', 'a b/c'),
      prefix: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,15}$/),
      statuses: fc
        .uniqueArray(names, { maxLength: 6 })
        .map((more) => [
          'todo',
          { name: 'going on', kind: 'active' },
          'done',
          ...more.filter((name) => !['todo', 'done', 'going on'].includes(name)),
        ]),
      relay: fc.constantFrom('auto', 'none', 'ws://localhost:5173', 'wss://relay.example/team'),
      mode: fc.constantFrom('live', 'poll', 'manual'),
    })
    const unknown = fc.dictionary(
      fc
        .string()
        .filter(
          (name) => !['schema', 'project', 'format', 'tasks', 'prefix', 'statuses', 'relay', 'mode'].includes(name),
        ),
      fc.jsonValue(),
      { maxKeys: 4 },
    )
    fc.assert(
      fc.property(config, unknown, (known, other) => {
        const raw: unknown = JSON.parse(JSON.stringify({ ...other, ...known }))
        const parsed = parseConfig(JSON.stringify(raw))
        expect(parseConfig(renderConfig(parsed))).toEqual(parsed)
        const rendered: unknown = JSON.parse(renderConfig(parsed))
        for (const [name, value] of Object.entries(JSON.parse(JSON.stringify(other)) as object))
          expect(Object.getOwnPropertyDescriptor(rendered, name)?.value).toEqual(value)
      }),
      { numRuns: 300 },
    )
  })

  it('[N2] are written as people write them: two blanks, statuses that everyone has by name', () => {
    const config = newConfig(parseProjectId('abc123'), { prefix: 'WEB', relay: 'none' })
    expect(
      renderConfig({
        ...config,
        statuses: [...config.statuses, { name: 'idea', kind: 'open' }],
        other: { colour: 'blue' },
      }),
    ).toBe(
      `{\n  "schema": 1,\n  "project": "abc123",\n  "format": "native",\n  "tasks": "tasks",\n  "prefix": "WEB",\n` +
        `  "statuses": [\n    "todo",\n    "doing",\n    "review",\n    "blocked",\n    "done",\n    "dropped",\n` +
        `    {\n      "name": "idea",\n      "kind": "open"\n    }\n  ],\n  "relay": "none",\n  "colour": "blue"\n}\n`,
    )
  })

  it.each([
    ['no JSON', '{"schema":1', 'mend the JSON'],
    ['nothing', '', 'mend the JSON'],
    ['a list', '[]', 'tide init'],
    ['null', 'null', 'tide init'],
    ['too much', `{"schema":1,"project":"abc123","x":"${'y'.repeat(300_000)}"}`, 'settings only'],
    ['no schema', { schema: undefined }, 'update tidemark here'],
    ['a later schema', { schema: 2 }, 'update tidemark here'],
    ['no project', { project: undefined }, 'git has it'],
    ['a project that is no text', { project: 7 }, 'git has it'],
    ['a project that is no id', { project: 'a/b' }, '3 to 64 letters'],
    ['an unknown format', { format: 'yaml' }, 'native, backlog'],
    ['a format that is no text', { format: null }, 'give format as a text'],
    ['tasks outside', { tasks: '../tasks' }, 'inside the project'],
    ['tasks outside, in the middle', { tasks: 'a/../../b' }, 'inside the project'],
    ['tasks from the root', { tasks: '/tasks' }, 'inside the project'],
    ['tasks with backslashes', { tasks: 'a\\b' }, 'inside the project'],
    ['tasks nowhere', { tasks: '' }, 'inside the project'],
    ['tasks that are no text', { tasks: ['tasks'] }, 'give tasks as a text'],
    ['a prefix that begins with a digit', { prefix: '1T' }, 'use a letter'],
    ['a prefix with a dash', { prefix: 'T-X' }, 'use a letter'],
    ['an empty prefix', { prefix: '' }, 'use a letter'],
    ['a long prefix', { prefix: 'T'.repeat(17) }, 'at most 15'],
    ['statuses that are no list', { statuses: 'todo' }, 'name them'],
    ['no statuses', { statuses: [] }, 'name them'],
    ['a status that is nothing', { statuses: [null] }, 'write "review"'],
    ['a status without a name', { statuses: [{ kind: 'open' }] }, '1 to 40 characters'],
    ['a status with a comma', { statuses: ['a,b'] }, 'without commas'],
    ['a status with a line break', { statuses: ['a\nb'] }, 'line breaks'],
    ['a status that begins with a blank', { statuses: [' a'] }, '1 to 40'],
    ['a status that ends with a blank', { statuses: ['a '] }, '1 to 40'],
    ['a kind that is none', { statuses: [{ name: 'a', kind: 'waiting' }] }, 'open, active, done, dropped'],
    ['a status twice', { statuses: ['todo', 'doing', 'done', 'todo'] }, 'once'],
    ['no open status', { statuses: ['doing', 'done'] }, '"kind":"open"'],
    ['no active status', { statuses: ['todo', 'done'] }, '"kind":"active"'],
    ['no status for what is done', { statuses: ['todo', 'doing'] }, '"kind":"done"'],
    ['a relay that is no address', { relay: 'localhost:5173' }, 'wss://host:5173'],
    ['a relay without a host', { relay: 'ws://' }, 'wss://host:5173'],
    ['a relay that is no text', { relay: false }, 'give relay as a text'],
    ['an unknown mode', { mode: 'fast' }, 'live, poll, manual'],
    ['a mode that is no text', { mode: null }, 'give mode as a text'],
  ])('[N3] %s is refused with what would be right', (_, given, hint) => {
    const text = typeof given === 'string' ? given : JSON.stringify({ ...LEAST, ...given })
    expect(() => parseConfig(text)).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^(CONFIG_INVALID|INVALID_INPUT)$/),
        exit: 2,
        hint: expect.stringContaining(hint),
      }),
    )
  })

  it('[N3] whatever a file holds: settings, or an error that says what would be right', () => {
    let parsed = 0
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc
            .record({ schema: fc.constant(1), project: fc.constant('abc123') })
            .chain((base) =>
              fc
                .dictionary(fc.constantFrom('format', 'tasks', 'prefix', 'statuses', 'relay', 'mode'), fc.jsonValue())
                .map((more) => JSON.stringify({ ...base, ...more })),
            ),
        ),
        (text) => {
          const cause = thrownBy(() => parseConfig(renderConfig(parseConfig(text))))
          if (cause === undefined) parsed++
          expect(cause === undefined || (cause instanceof TaskError && cause.exit === 2 && cause.hint !== '')).toBe(
            true,
          )
        },
      ),
      { numRuns: 500 },
    )
    expect(parsed).toBeGreaterThan(0)
  })

  it('[B38] the mode is live, poll or manual; the usual one is not written, so that no file changes for it', () => {
    const usual = parseConfig(JSON.stringify({ ...LEAST, colour: 'blue' }))
    const polling = withSetting(usual, 'mode', 'poll')
    expect([usual.mode, polling.mode]).toEqual(['live', 'poll'])
    expect(renderConfig(usual)).not.toContain('mode')
    expect(JSON.parse(renderConfig(polling))).toMatchObject({ mode: 'poll', colour: 'blue' })
    expect(renderConfig(polling)).toContain('"relay": "auto",\n  "mode": "poll",\n  "colour"')
    expect(renderConfig(withSetting(polling, 'mode', 'live'))).toBe(renderConfig(usual))
    expect(() => withSetting(usual, 'mode', 'fast')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('[N4] one can be changed, checked like all, and leaves the others as they are', () => {
    const config = parseConfig(JSON.stringify({ ...LEAST, colour: 'blue', relay: 'none' }))
    expect(withSetting(config, 'prefix', 'WEB')).toEqual({ ...config, prefix: 'WEB' })
    expect(withSetting(config, 'statuses', ['todo', 'doing', 'done']).statuses.map(({ name }) => name)).toEqual([
      'todo',
      'doing',
      'done',
    ])
    expect(withSetting(config, 'relay', 'auto').other).toEqual({ colour: 'blue' })
    expect(() => withSetting(config, 'relay', 'nowhere')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    for (const name of ['project', 'schema', 'format', 'colour', '__proto__', 'toString', ''])
      expect(() => withSetting(config, name, 'x')).toThrow(
        expect.objectContaining({
          code: 'INVALID_INPUT',
          hint: expect.stringContaining('tasks, prefix, statuses, relay, mode'),
        }),
      )
  })
})
