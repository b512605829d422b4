/** Ten thousand command lines that nobody would type: always one document, never a stack, and invalid input changes nothing. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { commandTable } from '../../../adapters/cli/command-table.ts'
import { taskOf } from './fake-project.ts'
import { tide } from './run.ts'

const RUNS = 10_000
const tasks = [taskOf('T-1'), taskOf('T-2', { conflicts: ['status'] }), taskOf('T-3', { deleted: true })]
const reading = [
  'open',
  'list',
  'search',
  'ask',
  'readConfig',
  'task.get',
  'history.list',
  'conflicts.list',
  'workspace.statuses',
  'claims.list',
  'program',
]

const flags = (
  '-p -l -a -s -h -V -x -pl --label --status --assignee --ready --all --limit --depends --parent --body --set --before --after --take ' +
  '--value --change --yes --fix --as --dir --help --version --format --tasks --prefix --relay --token --next --auto --wait --for --type --steal --check --request --count --lable --no-json --json=1 ---'
).split(' ')
const fields = [
  'title',
  'status',
  'priority',
  'labels',
  'assignees',
  'depends',
  'parent',
  'body',
  'due',
  'label',
  'key',
  '__proto__',
  '',
  ' ',
  '\u001b[',
]
const values = [
  '',
  'done',
  'high',
  'T-1',
  'a,b,,',
  '-',
  '{"a":',
  '[]',
  'null',
  '1e999',
  '"',
  '\u0000',
  '\ud800',
  '💥',
  'x'.repeat(5_000),
]

const name = fc.constantFrom('help', ...commandTable.map((entry) => entry.name))
const assignment = fc
  .tuple(fc.constantFrom(...fields), fc.constantFrom('=', '+=', '-=', '==', ''), fc.constantFrom(...values))
  .map((parts) => parts.join(''))
const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(...values),
  fc.integer().map(String),
)
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('T-1', 'T-2', 'T-3', 'T-9', 'status', 'get', 'set', 'none', '--', '-') },
  { weight: 3, arbitrary: fc.constantFrom(...flags) },
  { weight: 3, arbitrary: assignment },
  { weight: 2, arbitrary: junk },
)
/** Sound command lines, to be spoilt: without them nearly all would end in the grammar. */
const sound = fc
  .constantFrom(
    'add Fix -l web --depends T-1',
    'list --all --limit 3',
    'ready',
    'show T-1',
    'search Task',
    'set T-1 T-2 status=done labels+=web',
    'start T-1',
    'start T-1 --for 4h -- make',
    'claim T-1 T-2 --wait 5s',
    'claim --next --label web --count 2',
    'release T-1 --token 7',
    'renew T-1 --for 2h',
    'assign --auto agent-1 agent-2 --limit 2',
    'done T-1 T-2',
    'delete T-1',
    'restore T-3',
    'purge T-3 --yes',
    'purge T-1 --yes',
    'move T-1 --after T-2',
    'comment T-1 -',
    'history T-1',
    'undo',
    'resolve T-2 status --take 1',
    'config set relay none',
    'backup out.tide',
    'doctor --fix',
  )
  .map((line) => line.split(' '))
const spoilt = fc
  .tuple(sound, fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 1 }), word), { maxLength: 2 }))
  .map(([words, spoils]) =>
    spoils.reduce<readonly string[]>((left, [at, removed, put]) => left.toSpliced(at, removed, put), words),
  )
const random = fc
  .tuple(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: word }), fc.array(word, { maxLength: 6 }))
  .map(([first, rest]) => [first, ...rest])
const argv = fc.tuple(fc.oneof(random, spoilt), fc.nat({ max: 6 })).map(([words, at]) => {
  // Behind a -- it would be a word like any other.
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words.toSpliced(Math.min(at, end), 0, '--json')
})

it(`[L36] ${RUNS} malformed command lines answer with one document each`, async () => {
  const seen = new Map<number, number>()
  const property = fc.asyncProperty(argv, async (args) => {
    const { exit, out: printed, err, calls } = await tide(args, { tasks, input: 'some text' })
    // Where a program ran standard output is all its own.
    const out = calls.some(([call]) => call === 'run') ? `${printed}{"schema":1}\n` : printed
    seen.set(exit, (seen.get(exit) ?? 0) + 1)
    expect(out.endsWith('\n') && out.indexOf('\n') === out.length - 1, 'one line').toBe(true)
    const [first] = Object.keys(JSON.parse(out) as object)
    expect(first).toBe(
      exit === 0 || (exit === 1 && args.includes('doctor')) || (exit === 4 && args.includes('sync'))
        ? 'schema'
        : 'error',
    )
    expect([0, 1, 2, 3, 4, 5, 6, 7]).toContain(exit)
    expect(out + err).not.toMatch(/ {4}at .+:\d+:\d+|node_modules/)
    expect(out).not.toContain('"FAULT"')
    const wrote = calls.map(([call]) => call).filter((call) => !reading.includes(call))
    expect(exit === 2 ? wrote : []).toEqual([])
  })
  await fc.assert(property, { numRuns: RUNS, seed: 20_260_101 })
  // The generator must not drown in usage errors: it still reaches done, refused and not found.
  for (const exit of [0, 2, 3, 4]) expect(seen.get(exit) ?? 0, `exit ${exit}`).toBeGreaterThan(100)
})
