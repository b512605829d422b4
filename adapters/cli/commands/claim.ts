/** `tide claim`: exclusive leases on tasks, all or none; with a command behind `--` for as long as that runs. */
import { TaskError } from '../../../src/internal.ts'
import { printOutcome, refuseFailed, type ClaimOutcome } from '../claim-answers.ts'
import {
  claimantType,
  leaseGrammar,
  othersGrammar,
  parseLease,
  parseOthers,
  programHelp,
  type HolderType,
  type LeaseAsk,
  type OthersAsk,
} from '../claim-options.ts'
import { claiming } from '../claiming.ts'
import { defineCommand, type CommandDescriptor, type Common, type Given } from '../command.ts'
import { parseNames } from '../filter.ts'
import { collect } from '../grammar.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { misuse, parseCount, parseKeys } from '../values.ts'
import type { CliWorld } from '../world.ts'

export interface ClaimOptions extends Common {
  readonly lease: LeaseAsk
  readonly asked: KeysAsked | NextAsked
  readonly program?: Given['program']
}

interface KeysAsked extends OthersAsk {
  readonly what: 'keys'
  readonly keys: readonly string[]
  readonly check: boolean
}

interface NextAsked {
  readonly what: 'next'
  readonly count?: number
  readonly label?: readonly string[]
}

export const command: CommandDescriptor<ClaimOptions> = defineCommand<ClaimOptions>({
  writes: true,
  runs: true,
  about: `A claim says that nobody else works on the tasks, until it is released or its
lease runs out. The relay grants it; where the project has none (relay none),
this workspace. While the relay cannot be reached a claim is tentative (~): it
is settled when the relay can be asked again. Granted, it also adds you to the
assignees, and that stays when the claim ends.
Exits with 4 where others hold one of the tasks, with 6 where --wait was too
short, with 5 where --wait got a tentative claim only, with 3 where --next finds
nothing.

${programHelp}

On a pipe tab-separated: key, holder, until, token, state, scope.`,
  examples: [
    ['tide claim T-12', 'mine for half an hour, or exit 4 and who holds it'],
    ['tide claim T-12 T-13 --for 2h --wait 5m', 'both or none; waits for others'],
    ['tide claim --next --label web --as agent-1', 'the next ready task that nobody holds'],
    ['tide claim T-12 -- npm test', 'held while it runs'],
    ['tide claim T-12 --check', 'would it be granted? claims nothing'],
    ['tide claim T-12 --steal "agent-1 is gone"', 'a human takes it over'],
  ],
  grammar(grammar) {
    grammar.usage('[options] [key...] [-- <command>]').argument('[key...]', 'one or several: all of them or none')
    leaseGrammar(othersGrammar(grammar))
      .option('--check', 'say whether it would be granted, and claim nothing')
      .option('--next', 'the next ready task that nobody holds, by priority, order and age')
      .option('-l, --label <label>', 'with --next: only with this label; repeated: with all of them', collect)
      .option('--count <n>', 'with --next: up to so many (default: 1)')
  },
  options(given) {
    const { common, program } = given
    const asked = given.flag('next') ? nextIn(given) : keysIn(given)
    return { ...common, lease: parseLease(given), asked, ...(program !== undefined && { program }) }
  },
  async run(options, world) {
    const { asked, lease } = options
    const type = claimantType(lease.type, world)
    if (asked.what === 'keys' && asked.check) return check(options, world, asked.keys, type)
    const claim = (): Promise<ClaimOutcome> =>
      asked.what === 'keys' ? claimKeys(options, world, asked, type) : claimNext(options, world, asked, type)
    const print = async (outcome: ClaimOutcome): Promise<void> => {
      await printOutcome(options, world, outcome)
      say(options, world, 'renew it in time with tide renew; tide done and tide release end it')
    }
    return claiming({ ...options, ...lease, ...asked }, world, claim, ({ granted }) => granted, print)
  },
})

function keysIn(given: Given): KeysAsked {
  if (given.words.length === 0) throw misuse('claim', 'say which tasks, or --next')
  if (given.texts('label').length > 0 || given.text('count') !== undefined)
    throw misuse('claim', '--label and --count belong to --next')
  const [check, others] = [given.flag('check'), parseOthers(given)]
  if (check && (given.program !== undefined || Object.keys(others).length > 0))
    throw misuse('claim', '--check claims nothing: no --wait, no --steal and no command go with it')
  return { what: 'keys', keys: parseKeys(given.words), check, ...others }
}

function nextIn(given: Given): NextAsked {
  if (given.words.length > 0) throw misuse('claim', 'say which tasks, or --next, not both')
  if (given.flag('check') || Object.keys(parseOthers(given)).length > 0)
    throw misuse('claim', '--next takes only what nobody holds: no --check, no --wait and no --steal go with it')
  const [count, label] = [parseCount('count', given.text('count')), parseNames('label', given)]
  return { what: 'next', ...(count !== undefined && { count }), ...(label.length > 0 && { label }) }
}

async function claimKeys(
  options: ClaimOptions,
  world: CliWorld,
  { what: _what, check: _check, ...asked }: KeysAsked,
  type: HolderType,
): Promise<ClaimOutcome> {
  const outcome = await callWorkspace(options, world, 'tasks.claim', { ...asked, ...options.lease, type })
  await refuseFailed(options, world, outcome, asked)
  return outcome
}

async function claimNext(
  options: ClaimOptions,
  world: CliWorld,
  { what: _what, ...asked }: NextAsked,
  type: HolderType,
): Promise<ClaimOutcome> {
  const outcome = await callWorkspace(options, world, 'tasks.claimNext', { ...asked, ...options.lease, type })
  await refuseFailed(options, world, outcome)
  if (outcome.granted.length > 0) return outcome
  const where = asked.label === undefined ? '' : ` with the label ${asked.label.join(', ')}`
  throw new TaskError('NOTHING_READY', { where, skipped: outcome.skipped })
}

async function check(options: ClaimOptions, world: CliWorld, keys: readonly string[], type: HolderType): Promise<void> {
  const outcome = await callWorkspace(options, world, 'tasks.claim', { keys, type, check: true })
  await refuseFailed(options, world, outcome)
  const { granted, assigned, failed, skipped } = outcome
  if (options.json) return printJson(world, { granted, assigned, failed, skipped, free: keys })
  const { printable } = await import('../width.ts')
  world.stdout.write(keys.map((key) => `${printable(key)}\tfree\n`).join(''))
}
