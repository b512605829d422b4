/** What became of a claim, as a command tells it: granted on stdout, refused as the error of the first that failed. */
import { TaskError, type Result } from '../../src/internal.ts'
import type { Common } from './command.ts'
import { printJson, say } from './io.ts'
import { durationText } from './values.ts'
import type { CliWorld } from './world.ts'

export type ClaimOutcome = Result<'tasks.claim'>
export type GrantedClaim = ClaimOutcome['granted'][number]
export type FailedClaim = ClaimOutcome['failed'][number]

const MOST_NAMED = 3

export async function printOutcome(options: Common, world: CliWorld, outcome: ClaimOutcome): Promise<void> {
  const { granted, assigned, failed, skipped } = outcome
  if (options.json) return printJson(world, { granted, assigned, failed, skipped })
  const { grantText } = await import('./claim-lines.ts')
  world.stdout.write(grantText(granted, world.stdout))
  await tellSkipped(options, world, skipped)
  tellTentative(world, granted)
}

/** Some names are enough for people: all of them are in the document. */
async function tellSkipped(options: Common, world: CliWorld, skipped: readonly FailedClaim[]): Promise<void> {
  if (skipped.length === 0) return
  const { printable } = await import('./width.ts')
  const named = skipped
    .slice(0, MOST_NAMED)
    .map(({ key, existing_assignee: holder }) => `${key} (${holder ?? 'taken'})`)
  const more = skipped.length > MOST_NAMED ? `, and ${skipped.length - MOST_NAMED} more` : ''
  say(options, world, printable(`passed over what others hold: ${named.join(', ')}${more}`))
}

/** Not only on a terminal: whoever acts on a claim that may still be refused has to know. */
export function tellTentative(world: CliWorld, granted: readonly GrantedClaim[]): void {
  const keys = granted.filter(({ state }) => state === 'tentative').map(({ key }) => key)
  if (keys.length === 0) return
  const is = keys.length === 1 ? 'is' : 'are'
  world.stderr.write(
    `tide: the relay could not be asked: ${keys.join(', ')} ${is} claimed tentatively until it can be\n` +
      'hint: tide status says why; tide up runs a relay on this machine\n',
  )
}

/** Returns where nothing failed. Others that failed beside the first are told before it. */
export async function refuseFailed(
  options: Common,
  world: CliWorld,
  { assigned, failed }: Pick<ClaimOutcome, 'assigned' | 'failed'>,
  { waitMs = 0, more = {} }: { readonly waitMs?: number; readonly more?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const [first, ...others] = failed
  if (first === undefined) return
  if (!options.json && others.length > 0) {
    const { printable } = await import('./width.ts')
    for (const one of others) world.stderr.write(`tide: ${printable((await failureOf(one, waitMs)).message)}\n`)
  }
  const error = await failureOf(first, waitMs)
  throw new TaskError(error.code, { ...error.details, assigned, failed, ...more })
}

/** One that failed, as the error that says so. */
export async function failureOf(
  { key, code, heldBy, existing_assignee }: FailedClaim,
  waitMs: number,
): Promise<TaskError> {
  const { moment } = await import('./detail.ts')
  // Nobody holds it, and it is not free: who waits for it came before.
  const holder = heldBy === null ? (existing_assignee ?? 'those who waited before') : nameOf(heldBy)
  const until = heldBy === null ? 'they are done' : moment(heldBy.expiresAt)
  switch (code) {
    case 'TASK_CLOSED':
      return new TaskError(code, { key, status: 'closed' })
    case 'CLAIM_HELD':
      return new TaskError(code, { key, holder, until, heldBy })
    case 'CLAIM_TIMEOUT':
      return new TaskError(code, { key, holder, wait: durationText(waitMs), heldBy })
    case 'CLAIM_LOST': {
      const now = `${holder} holds it until ${until}`
      return new TaskError(code, { key, how: heldBy === null ? 'it was released, or its lease ran out' : now, heldBy })
    }
  }
}

/** `agent:agent-1`; `agent:~agent-1` while the relay has not agreed. */
export function nameOf({ by, type, state }: Pick<GrantedClaim, 'by' | 'type' | 'state'>): string {
  return `${type}:${state === 'tentative' ? '~' : ''}${by}`
}
