/** The options that say how tasks are claimed: one grammar and one meaning for `claim`, `assign`, `renew` and `start`. */
import type { Command } from 'commander'
import type { ClaimView } from '../../src/internal.ts'
import type { Given } from './command.ts'
import { durationIn, durationText, parseHolderType, quote, refuse } from './values.ts'
import type { CliWorld } from './world.ts'

export type HolderType = ClaimView['type']

const MAX_REQUEST = 100
const MAX_REASON = 500

interface Limits {
  readonly leastMs: number
  readonly mostMs: number
}

/** What an arbiter takes; a test compares. */
export const leaseLimits: Limits = { leastMs: 1_000, mostMs: 30 * 24 * 3_600_000 }
export const waitLimits: Limits = { leastMs: 1, mostMs: 10 * 60_000 }

/** How long, as what, under which request. */
export interface LeaseAsk {
  readonly type?: HolderType
  readonly leaseMs?: number
  readonly request?: string
}

/** What is done about others who hold what is asked for. */
export interface OthersAsk {
  readonly waitMs?: number
  readonly steal?: string
}

export const programHelp = `A command behind -- runs while the tasks are held: the leases are renewed, and
released when it ends; its exit code is the answer, and standard output is its
own. It finds TIDEMARK_TASK (keys, with blanks between), TIDEMARK_TOKEN (of one
task; of several TIDEMARK_TOKENS, as key=token; none while tentative),
TIDEMARK_ACTOR and TIDEMARK_TYPE in its environment. When a claim is lost that
is said at once, and the command goes on: its work is not thrown away.`

export function leaseGrammar(
  command: Command,
  type: string = '$TIDEMARK_TYPE, else human at a terminal, agent elsewhere',
): Command {
  return forGrammar(typeGrammar(command, type)).option(
    '--request <id>',
    'asked again under the same id, the answer is the same',
  )
}

export function typeGrammar(command: Command, otherwise: string): Command {
  return command.option('--type <type>', `agent or human (default: ${otherwise})`)
}

export function forGrammar(command: Command): Command {
  return command.option('--for <time>', 'how long it holds without being renewed: 30m, 2h (default: 30m)')
}

export function othersGrammar(command: Command): Command {
  return command
    .option('--wait <time>', 'how long to wait for what others hold: 5s, 10m')
    .option('--steal <reason>', 'take it from its holder, and say why; for humans')
}

export function parseLease(given: Given): LeaseAsk {
  const leaseMs = within('--for', durationIn('--for', given.text('for')), leaseLimits)
  const request = given.text('request')
  return {
    ...parseType(given),
    ...(leaseMs !== undefined && { leaseMs }),
    ...(request !== undefined && { request: plainWords('request', request, MAX_REQUEST) }),
  }
}

export function parseType(given: Given): Pick<LeaseAsk, 'type'> {
  const type = given.text('type')
  return type === undefined ? {} : { type: parseHolderType('type', type) }
}

export function parseOthers(given: Given): OthersAsk {
  const waitMs = within('--wait', durationIn('--wait', given.text('wait')), waitLimits)
  const steal = given.text('steal')
  return {
    ...(waitMs !== undefined && { waitMs }),
    ...(steal !== undefined && { steal: plainWords('steal', steal, MAX_REASON) }),
  }
}

/** As what this call claims: a person types at a terminal, unless it is said otherwise. */
export function claimantType(said: HolderType | undefined, world: CliWorld): HolderType {
  return said ?? typeInEnvironment(world) ?? (world.inputIsTerminal ? 'human' : 'agent')
}

/** As what this call renews or releases; nothing where the name alone says whose claim it is. */
export function knownType(said: HolderType | undefined, world: CliWorld): Pick<LeaseAsk, 'type'> {
  const type = said ?? typeInEnvironment(world)
  return type === undefined ? {} : { type }
}

function typeInEnvironment({ env }: CliWorld): HolderType | undefined {
  // An empty variable is how a script says "none".
  const text = env['TIDEMARK_TYPE'] || undefined
  return text === undefined ? undefined : parseHolderType('TIDEMARK_TYPE', text)
}

function within(option: string, ms: number | undefined, { leastMs, mostMs }: Limits): number | undefined {
  if (ms === undefined || (ms >= leastMs && ms <= mostMs)) return ms
  const range = `${durationText(leastMs)} to ${durationText(mostMs)}`
  throw refuse(option, `${durationText(ms)} is not within ${range}`, `give one from ${range}`)
}

function plainWords(option: string, text: string, most: number): string {
  const words = text.trim()
  if (words !== '' && words.length <= most && !/\p{Cc}/u.test(words)) return words
  throw refuse(option, `${quote(text)} cannot be taken`, `use 1 to ${most} characters on one line`)
}
