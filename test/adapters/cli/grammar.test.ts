/** Argv to options: what each command understands, without a world. */
import { describe, expect, it } from 'vitest'
import { commandTable } from '../../../adapters/cli/command-table.ts'
import { optionsOf } from './run.ts'

const common = { dir: '/shop', json: false }

const cases: Readonly<Record<string, readonly (readonly [argv: readonly string[], options: object])[]>> = {
  init: [
    [[], { settings: {} }],
    [
      ['--format', 'native', '--tasks', 'todo', '--prefix', 'SHOP', '--relay', 'none'],
      { settings: { format: 'native', tasks: 'todo', prefix: 'SHOP', relay: 'none' } },
    ],
  ],
  add: [
    [['Fix login'], { task: { title: 'Fix login' }, bodyFromInput: false }],
    [
      [
        'Fix',
        '-p',
        'high',
        '-l',
        'web',
        '-l',
        'auth,ui',
        '-a',
        'sara',
        '--depends',
        'T-1,T-2',
        '--parent',
        'T-3',
        '--status',
        'review',
      ],
      {
        task: {
          title: 'Fix',
          priority: 'high',
          labels: ['web', 'auth', 'ui'],
          assignees: ['sara'],
          dependsOn: ['T-1', 'T-2'],
          parent: 'T-3',
          status: 'review',
        },
        bodyFromInput: false,
      },
    ],
    [['Fix', '--body', 'why'], { task: { title: 'Fix', body: 'why' }, bodyFromInput: false }],
    [['Fix', '--body', '-'], { task: { title: 'Fix' }, bodyFromInput: true }],
    [
      ['Fix', '--set', 'due=2026-12-01', '--set', 'labels=web', '-p', 'low'],
      { task: { title: 'Fix', priority: 'low', labels: ['web'], fields: { due: '2026-12-01' } }, bodyFromInput: false },
    ],
    [['--', '--odd title'], { task: { title: '--odd title' }, bodyFromInput: false }],
  ],
  list: [
    [[], { filter: {} }],
    [
      [
        '--status',
        'todo',
        '-s',
        'doing,review',
        '--label',
        'web',
        '-l',
        'ui',
        '--assignee',
        'sara',
        '--ready',
        '--all',
        '--limit',
        '5',
      ],
      {
        filter: {
          status: ['todo', 'doing', 'review'],
          label: ['web', 'ui'],
          assignee: 'sara',
          ready: true,
          all: true,
          limit: 5,
        },
      },
    ],
  ],
  ready: [
    [[], { filter: { ready: true } }],
    [['-l', 'web', '-a', 'sara', '--limit=1'], { filter: { ready: true, label: ['web'], assignee: 'sara', limit: 1 } }],
  ],
  show: [[['T-12'], { key: 'T-12' }]],
  edit: [[['T-12'], { key: 'T-12' }]],
  sync: [
    [[], { force: false, takeFiles: false, wait: false }],
    [['--force', '--take-files'], { force: true, takeFiles: true, wait: false }],
    [['--wait', '--timeout', '2m'], { force: false, takeFiles: false, wait: true, timeoutMs: 120_000 }],
  ],
  up: [
    [[], { foreground: false }],
    [['--foreground'], { foreground: true }],
  ],
  down: [
    [[], { all: false }],
    [['--all'], { all: true }],
  ],
  server: [
    [['status'], { action: 'status', foreground: false, server: {} }],
    [
      ['start', '--host', '0.0.0.0', '--port', '0', '--http-port', '8080', '--data', 'd', '--token-file', 't'],
      {
        action: 'start',
        foreground: false,
        server: { host: '0.0.0.0', port: 0, httpPort: 8080, data: 'd', tokenFile: 't' },
      },
    ],
    [
      ['start', '--foreground', '--cert', 'c', '--key', 'k', '--origin', 'https://a', '--origin', 'https://b'],
      { action: 'start', foreground: true, server: { cert: 'c', key: 'k', origins: ['https://a', 'https://b'] } },
    ],
  ],
  token: [
    [['create'], { action: 'create', rights: 'write', label: '' }],
    [['create', '--rights', 'read', '--label', 'the board'], { action: 'create', rights: 'read', label: 'the board' }],
    [['list'], { action: 'list' }],
    [['revoke', 'abc'], { action: 'revoke', id: 'abc' }],
  ],
  join: [
    [['wss://relay.example'], { url: 'wss://relay.example' }],
    [
      ['wss://relay.example', '--project', 'p-1', '--token-file', '-'],
      { url: 'wss://relay.example', project: 'p-1', tokenFile: '-' },
    ],
  ],
  search: [
    [['slow', 'query'], { words: 'slow query', search: {} }],
    [['slow', '--all', '--limit', '3'], { words: 'slow', search: { all: true, limit: 3 } }],
  ],
  set: [
    [['T-1', 'T-2', 'status=doing'], { keys: ['T-1', 'T-2'], changes: { status: 'doing' }, bodyFromInput: false }],
    [
      ['T-1', 'status=done', '--token', '7'],
      { keys: ['T-1'], changes: { status: 'done' }, bodyFromInput: false, token: 7 },
    ],
  ],
  start: [
    [['T-1', 'T-2', 'T-1'], { keys: ['T-1', 'T-2'], lease: {}, others: {} }],
    [
      ['T-1', '--for', '4h', '--wait', '5s', '--', 'make', '--json', '--', 'x'],
      {
        keys: ['T-1'],
        lease: { leaseMs: 14_400_000 },
        others: { waitMs: 5_000 },
        program: ['make', '--json', '--', 'x'],
      },
    ],
  ],
  claim: [
    [['T-1', 'T-2', 'T-1'], { lease: {}, asked: { what: 'keys', keys: ['T-1', 'T-2'], check: false } }],
    [
      ['T-1', '--type', 'human', '--for', '30m', '--wait', '5s', '--request', 'r-1', '--steal', 'agent-1 is gone'],
      {
        lease: { type: 'human', leaseMs: 1_800_000, request: 'r-1' },
        asked: { what: 'keys', keys: ['T-1'], check: false, waitMs: 5_000, steal: 'agent-1 is gone' },
      },
    ],
    [['T-1', '--check'], { lease: {}, asked: { what: 'keys', keys: ['T-1'], check: true } }],
    [['--next'], { lease: {}, asked: { what: 'next' } }],
    [
      ['--next', '-l', 'web', '--label', 'ui', '--count', '3', '--', 'npm', 'test', '--', '-l'],
      {
        lease: {},
        asked: { what: 'next', label: ['web', 'ui'], count: 3 },
        program: ['npm', 'test', '--', '-l'],
      },
    ],
  ],
  renew: [
    [['T-1', 'T-2'], { keys: ['T-1', 'T-2'] }],
    [
      ['T-1', '--for', '2h', '--token', '7', '--type', 'agent'],
      { keys: ['T-1'], leaseMs: 7_200_000, token: 7, type: 'agent' },
    ],
  ],
  release: [
    [['T-1', 'T-2'], { keys: ['T-1', 'T-2'] }],
    [['T-1', '--token', '7'], { keys: ['T-1'], token: 7 }],
  ],
  claims: [[[], {}]],
  assign: [
    [['--auto', 'agent-1', 'agent-2', 'agent-1'], { to: ['agent-1', 'agent-2'], lease: {} }],
    [
      ['--limit', '2', '-l', 'night', '--for', '8h', '--type', 'human', '--auto', 'sara,tom'],
      { to: ['sara', 'tom'], limit: 2, label: ['night'], lease: { leaseMs: 28_800_000, type: 'human' } },
    ],
  ],
  done: [
    [['T-1'], { keys: ['T-1'] }],
    [['T-1', '--token', '7'], { keys: ['T-1'], token: 7 }],
  ],
  drop: [
    [['T-1'], { keys: ['T-1'] }],
    [['T-1', '--token', '7'], { keys: ['T-1'], token: 7 }],
  ],
  reopen: [[['T-1'], { keys: ['T-1'] }]],
  delete: [[['T-1'], { keys: ['T-1'] }]],
  restore: [[['T-1'], { keys: ['T-1'] }]],
  purge: [
    [['T-1'], { keys: ['T-1'], yes: false }],
    [['T-1', 'T-2', '--yes'], { keys: ['T-1', 'T-2'], yes: true }],
  ],
  move: [
    [['T-1', '--before', 'T-2'], { move: { key: 'T-1', before: 'T-2' } }],
    [['T-1', '--after', 'T-2'], { move: { key: 'T-1', after: 'T-2' } }],
    [['T-1', '--parent', 'T-2'], { move: { key: 'T-1', parent: 'T-2' } }],
    [['T-1', '--parent', 'none'], { move: { key: 'T-1', parent: null } }],
  ],
  comment: [
    [['T-1', 'it works'], { key: 'T-1', text: 'it works' }],
    [['T-1', '-'], { key: 'T-1', text: undefined }],
    [['T-1', '--', '--json'], { key: 'T-1', text: '--json' }],
  ],
  history: [
    [[], { limit: 50 }],
    [['T-1', '--limit', '3'], { key: 'T-1', limit: 3 }],
  ],
  undo: [
    [[], { undo: {} }],
    [['T-1'], { undo: { key: 'T-1' } }],
    [['--change', 'c1'], { undo: { change: 'c1' } }],
  ],
  conflicts: [
    [[], {}],
    [['T-1'], { key: 'T-1' }],
  ],
  resolve: [
    [['T-1', 'status', '--take', '0'], { resolve: { key: 'T-1', field: 'status', take: 0 } }],
    [['T-1', 'title', '--value', '5'], { resolve: { key: 'T-1', field: 'title', value: '5' } }],
    [['T-1', 'deleted', '--value', 'false'], { resolve: { key: 'T-1', field: 'deleted', value: false } }],
    [['T-1', 'priority', '--value', ''], { resolve: { key: 'T-1', field: 'priority', value: null } }],
    [['T-1', 'estimate', '--value', '5'], { resolve: { key: 'T-1', field: 'estimate', value: 5 } }],
  ],
  status: [[[], {}]],
  config: [
    [[], { action: 'get' }],
    [['get', 'prefix'], { action: 'get', name: 'prefix' }],
    [['set', 'relay', 'none'], { action: 'set', name: 'relay', value: 'none' }],
    [['set', 'statuses', 'todo, done'], { action: 'set', name: 'statuses', value: ['todo', 'done'] }],
    [['set', 'statuses', '["todo"]'], { action: 'set', name: 'statuses', value: ['todo'] }],
  ],
  backup: [[['out.tide'], { file: 'out.tide' }]],
  recover: [[['in.tide'], { file: 'in.tide' }]],
  doctor: [
    [[], { fix: false }],
    [['--fix'], { fix: true }],
  ],
  completion: [[['zsh'], { shell: 'zsh' }]],
  demo: [[[], {}]],
  __complete: [[['--', 'list', '--all'], { words: ['list', '--all'] }]],
}

describe('argv to options', () => {
  for (const [name, rows] of Object.entries(cases)) {
    it.each(rows)(`[L1] tide ${name} understands %j`, async (argv, options) => {
      expect(await optionsOf(name, argv)).toEqual({ ...common, ...options })
    })
  }

  it('[L1] every command has a row in this table', () => {
    expect(Object.keys(cases).toSorted()).toEqual(commandTable.map(({ name }) => name).toSorted())
  })

  it('[L2] options do not depend on earlier calls', async () => {
    const first = await optionsOf('list', ['-l', 'web'])
    await optionsOf('list', ['-l', 'ui', '--all'])
    expect(await optionsOf('list', ['-l', 'web'])).toEqual(first)
  })
})
