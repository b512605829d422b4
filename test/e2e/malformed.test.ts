/** Command lines and files that make no sense, through the real command: one document each, never a stack trace, never a change. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDice, type Dice } from '../support/dice.ts'
import { document, expectNoTrace, inParallel, openWorkspacePlace, words, type Place, type Ran } from './support.ts'

/** Each line of the table once, and once more below; what the program itself makes of 10,000 others is proven without processes. */
const RUNS = process.env['E2E_FULL'] === '1' ? 1_500 : 60
const WORKERS = 4

const odd: readonly string[] = [
  '',
  ' ',
  '-',
  '--',
  '=',
  '+=',
  'x',
  'null',
  'NaN',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  '[]',
  '{"a":',
  '{"__proto__":{"x":1}}',
  '"',
  "'",
  '`id`',
  '$(id)',
  '%s%n',
  '../../etc/passwd',
  'T-',
  'T-0',
  'T--1',
  'T-1.',
  'T-1.zzzz',
  'T-999999999999',
  't-١',
  '\n',
  'a\nb',
  '\t',
  '\u001b[31m',
  '\u007f',
  '\u2028',
  '\u202e',
  '\ufeff',
  'e\u0301',
  '💥',
  '漢字',
  'x'.repeat(5_000),
  'x,'.repeat(300),
  '['.repeat(2_000),
]

/** Each has a place for something odd, and is refused whatever stands there: what could be right is not asked for. */
const lines: readonly ((value: string) => readonly string[])[] = [
  (value) => [value.replace(/^-*/, '-'), 'list'],
  (value) => [`no-${value}`],
  (value) => ['list', '--limit', `${value}x`],
  (value) => ['list', `--no-such=${value}`],
  (value) => ['list', '--dir', `/nowhere/${value}`, '--status', ''],
  (value) => ['show', `!${value}`],
  (value) => ['show', 'T-1', 'T-2', value],
  () => ['show'],
  (value) => ['add', value, value, value],
  (value) => ['add', 'a title', '--priority', `!${value}`],
  (value) => ['add', 'a title', '--status', `!${value}`],
  (value) => ['add', 'a title', '--depends', `!${value}`],
  (value) => ['add', 'a title', '--parent', `!${value}`],
  (value) => ['add', 'a title', '--set', `=${value}`],
  (value) => ['add', 'a title', '--set', `key=${value}`],
  (value) => ['add', `a\u0000title${value}`],
  (value) => ['add', `a\ntitle ${value}`],
  (value) => ['set', 'T-1', `status=!${value}`],
  (value) => ['set', 'T-1', `priority=!${value}`],
  (value) => ['set', 'T-1', `due=!${value}`],
  (value) => ['set', 'T-1', `uid=${value}`],
  (value) => ['set', 'T-1', `__proto__=${value}`],
  (value) => ['set', 'T-1', `constructor+=${value}`],
  (value) => ['set', 'T-1', `title+=${value}`],
  (value) => ['set', 'T-1', 'status=done', `depends+=!${value}`],
  (value) => ['set', 'T-1', 'labels+=a', 'labels=b', `title=${value}`],
  (value) => ['set', 'T-1', 'x=1', `!${value}=1`],
  (value) => ['set', 'T-1', 'T-2', `!${value}`, 'x=1'],
  (value) => ['done', 'T-1', `!${value}`],
  (value) => ['delete', 'T-1', `!${value}`],
  (value) => ['restore', `!${value}`],
  (value) => ['purge', 'T-1', '--yes', `!${value}`],
  () => ['purge', 'T-1', '--yes'],
  (value) => ['move', 'T-1', '--before', `!${value}`],
  (value) => ['move', 'T-1', '--before', 'T-2', '--after', value],
  (value) => ['move', 'T-1', '--parent', `!${value}`],
  (value) => ['comment', `!${value}`, 'words'],
  (value) => ['comment', 'T-1', `a\u0000${value}`],
  () => ['comment', 'T-1', ' '],
  (value) => ['undo', '--change', `!${value}`],
  (value) => ['undo', `!${value}`],
  (value) => ['history', '--limit', `${value}!`],
  (value) => ['resolve', 'T-1', `!${value}`, '--take', '0'],
  (value) => ['resolve', 'T-1', 'status', '--take', `${value}!`],
  (value) => ['resolve', 'T-1', 'status', '--take', '0', `--value=${value}`],
  (value) => ['config', `!${value}`],
  (value) => ['config', 'set', `!${value}`, value],
  (value) => ['config', 'set', 'prefix', `!${value}`],
  (value) => ['config', 'set', 'relay', `!${value}`],
  (value) => ['config', 'set', 'tasks', `../${value}`],
  (value) => ['config', 'set', 'statuses', `[${value}`],
  () => ['backup', 'tidemark.json'],
  (value) => ['backup', `nowhere/${value}/x`],
  (value) => ['recover', `nowhere/${value}/x`],
  () => ['recover', 'tidemark.json'],
  (value) => ['init', '--format', `!${value}`],
  (value) => ['init', '--prefix', `!${value}`],
  (value) => ['completion', `!${value}`],
  (value) => ['search', ' ', '--limit', `!${value}`],
]

/** Without zero bytes: no system hands those over. */
function spawnable(args: readonly string[]): readonly string[] {
  return args.map((word) => word.replaceAll('\u0000', '\u0001'))
}

function expectRefused(ran: Ran): void {
  expectNoTrace(ran)
  expect(ran.err, `${words(ran)}`).toBe('')
  const { error } = document(ran.out)
  expect([1, 2, 3, 4], `${words(ran)}`).toContain(ran.exit)
  expect(error?.code, `${words(ran)}`).toMatch(/^[A-Z_]+$/)
  expect(error?.message, `${words(ran)}`).toMatch(/\S/)
}

async function stateOf(place: Place): Promise<unknown> {
  const config = await readFile(join(place.dir, 'tidemark.json'), 'utf8')
  return [
    await place.all(),
    await place.json(['history', '--limit', '1000']),
    await place.json(['show', 'T-1']),
    config,
  ]
}

const cases = (dice: Dice): readonly (readonly string[])[] =>
  Array.from({ length: RUNS }, (_, index) => {
    const line = lines[index % lines.length] ?? (() => ['no-command'])
    const args = line(dice.pick(odd) ?? '')
    return spawnable(['--json', ...args])
  })

describe('malformed input', () => {
  it(
    `[G25] ${RUNS} command lines that make no sense: one document each, and nothing changed`,
    { timeout: 600_000 },
    async () => {
      await using place = await openWorkspacePlace()
      for (const title of ['one', 'two', 'three']) await place.must(['add', title, '-l', 'web'])
      await place.must(['set', 'T-2', 'depends=T-1'])
      const before = await stateOf(place)
      const exits = new Map<number | null, number>()
      await inParallel(cases(createDice(25)), WORKERS, async (args) => {
        const ran = await place.tide(args)
        exits.set(ran.exit, (exits.get(ran.exit) ?? 0) + 1)
        expectRefused(ran)
      })
      process.stdout.write(`exit codes: ${JSON.stringify([...exits])}\n`)
      expect(await stateOf(place)).toEqual(before)
      await place.must(['doctor'])
    },
  )

  it('[G25] the same to a person: a sentence and a hint, and no control character reaches the terminal', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'one'])
    const dice = createDice(26)
    await inParallel(
      lines.map((line) => spawnable(line(dice.pick(odd) ?? ''))),
      WORKERS,
      async (args) => {
        const ran = await place.tide(args)
        expectNoTrace(ran)
        expect([1, 2, 3, 4], `${words(ran)}`).toContain(ran.exit)
        // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
        expect(ran.err, `${words(ran)}`).toMatch(/^tide: [^\p{Cc}\u202a-\u202e]+\nhint: [^\p{Cc}\u202a-\u202e]+\n$/u)
        expect(ran.out, `${words(ran)}`).toBe('')
      },
    )
  })

  it('[G25] bytes that are no text, and files that are no backup, change nothing', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'one', '--body', 'words'])
    const before = await stateOf(place)
    const dice = createDice(27)
    const noise = [0, 1, 2, 3].map((turn) => dice.bytes(10 ** turn))
    const inputs = [
      ...noise,
      Buffer.from([0xc3, 0x28]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('words\u0000'),
      Buffer.from('\u001b[2J'),
    ]
    for (const [index, input] of inputs.entries()) {
      const isText = index < 1 && input.every((byte) => byte >= 32 && byte < 127)
      if (!isText) {
        expectRefused(await place.tide(['--json', 'set', 'T-1', 'body=-'], { input }))
        expectRefused(await place.tide(['--json', 'comment', 'T-1', '-'], { input }))
        expectRefused(await place.tide(['--json', 'add', 'two', '--body', '-'], { input }))
      }
      await writeFile(join(place.dir, 'noise.tide'), input)
      expectRefused(await place.tide(['--json', 'recover', 'noise.tide']))
    }
    expect(await stateOf(place)).toEqual(before)
  })
})
