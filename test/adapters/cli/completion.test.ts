/** Completion: what could come next, and the scripts that ask. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { bashCompletion, zshCompletion } from '../../../adapters/cli/completion-scripts.ts'
import { taskOf } from './fake-project.ts'
import { tide } from './run.ts'

const claim = {
  by: 'sara',
  type: 'human',
  token: 7,
  expiresAt: '2026-01-02T04:00:00Z',
  state: 'granted',
  scope: 'relay',
} as const
const tasks = [
  taskOf('T-1', { title: 'Fix\tlogin', labels: ['web'], assignees: ['sara'] }),
  taskOf('T-2', { status: 'done', conflicts: ['status', 'title'] }),
  taskOf('T-3', { deleted: true }),
  taskOf('T-4', { claim, status: 'doing' }),
]

async function candidates(...words: readonly string[]): Promise<string[]> {
  const { out, err, exit } = await tide(['__complete', '--', ...words], { tasks })
  expect([err, exit]).toEqual(['', 0])
  return out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']))
}

describe('candidates', () => {
  it.each([
    [['re'], ['ready', 'reopen', 'restore', 'renew', 'release', 'resolve', 'recover']],
    [['help', 'hi'], ['history']],
    [['--v'], ['--version']],
    [
      ['list', '--a'],
      ['--assignee', '--all'],
    ],
    [['done', '--a'], ['--as']],
    [
      ['show', 'T-'],
      ['T-1', 'T-2', 'T-3', 'T-4'],
    ],
    [
      ['done', ''],
      ['T-1', 'T-4'],
    ],
    [['claim', ''], ['T-1']],
    [['release', ''], ['T-4']],
    [['renew', ''], ['T-4']],
    [['claim', 'T-1', '--t'], ['--type']],
    [
      ['claim', '--type', ''],
      ['agent', 'human'],
    ],
    [['claim', 'T-1', '--', ''], []],
    [['start', 'T-1', '--', 'make', '-'], []],
    [['assign', '--auto', ''], ['sara']],
    [['reopen', ''], ['T-2']],
    [['purge', ''], ['T-3']],
    [['comment', 'T-1', ''], []],
    [
      ['move', 'T-1', '--before', ''],
      ['T-1', 'T-2', 'T-4'],
    ],
    [['add', '-p', 'h'], ['high']],
    [
      ['list', '--status=d'],
      ['--status=doing', '--status=done', '--status=dropped'],
    ],
    [['list', '-l', ''], ['web']],
    [
      ['set', ''],
      ['T-1', 'T-2', 'T-4'],
    ],
    [['set', 'T-1', 'st'], ['status=']],
    [['set', 'T-1', 'status=re'], ['status=review']],
    [['set', 'T-1', 'labels+=a,w'], ['labels+=a,web']],
    [['set', 'T-1', 'status=done', 'T'], []],
    [
      ['resolve', 'T-2', ''],
      ['status', 'title'],
    ],
    [
      ['config', ''],
      ['get', 'set'],
    ],
    [['config', 'get', 'pre'], ['prefix']],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['nonsense', ''], []],
    [['list', 'x'], []],
  ])('[L33] %j', async (words, expected) => {
    expect(await candidates(...words)).toEqual(expected)
  })

  it('[L33] a candidate says what it is, on one line', async () => {
    const { out } = await tide(['__complete', '--', 'done', ''], { tasks })
    expect(out).toBe('T-1\tFix login\nT-4\tTask T-4\n')
  })

  it('[L33] the folder named on the line is the one asked', async () => {
    const { calls } = await tide(['__complete', '--', '--dir', '/other', 'show', ''], { tasks })
    expect(calls).toEqual([['list', '/other', { all: true }]])
  })

  it('[L33] where nothing can be read, nothing is offered and nothing is said', async () => {
    const world = await tide(['__complete', '--', 'show', ''], { failure: new Error('broken') })
    expect([world.exit, world.out, world.err]).toEqual([0, '', ''])
  })
})

describe('scripts', () => {
  it('[L34] the bash script parses, and offers what tide answers', () => {
    expect(spawnSync('bash', ['-n'], { input: bashCompletion }).status).toBe(0)
    const ask = (line: string): string[] => {
      const script = `${bashCompletion}
tide() { printf '<%s>' "$@" >&2; printf 'status=doing\\tabout\\nstatus=done\\tabout\\n'; }
COMP_LINE=$1 COMP_POINT=\${#1}
_tide_complete tide
printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', line], { encoding: 'utf8' })
      return [...stdout.trim().split('\n'), stderr]
    }
    // Bash replaces what follows the equals sign.
    expect(ask('tide set T-1 status=d')).toEqual(['doing', 'done', ''])
    expect(ask('tide set T-1 ')).toEqual(['status=doing', 'status=done', ''])
  })

  it('[L34] the bash script passes on the words typed so far, an empty one at the end included', () => {
    const script = `${bashCompletion}
tide() { printf '%s\\n' "$#:$*"; }
COMP_LINE='tide show ' COMP_POINT=10
_tide_complete tide
printf '%s' "\${COMPREPLY[@]}"`
    expect(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout).toBe('4:__complete -- show ')
  })

  const zsh = spawnSync('zsh', ['--version']).status === 0
  it.skipIf(!zsh)('[L34] the zsh script parses', () => {
    expect(spawnSync('zsh', ['-n'], { input: zshCompletion }).status).toBe(0)
  })
})
