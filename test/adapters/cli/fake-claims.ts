/** Claims of the fake project: one holder a task, tokens that grow. Not a reference for semantics: nothing expires by itself. */
import type { ClaimView, Key, Params, Result, TaskDetail } from '../../../src/internal.ts'
import { TaskError } from '../../../src/internal.ts'

type Outcome = Result<'tasks.claim'>
type Failed = Outcome['failed'][number]
type Asked = { readonly by?: string; readonly type?: ClaimView['type']; readonly leaseMs?: number }

const NOW = Date.parse('2026-01-02T03:04:05.678Z')
const GRANTED = '2026-01-02T03:01:00.000Z'
const HALF_HOUR = 30 * 60_000

export class FakeClaims {
  readonly tasks: Map<string, TaskDetail>
  /** What is ready, as the project sees it. */
  readonly readyKeys: () => readonly string[]
  relayIsAway = false
  readonly lost: Result<'claims.list'>['lost'][number][] = []
  #token = 6

  constructor(tasks: Map<string, TaskDetail>, readyKeys: () => readonly string[]) {
    this.tasks = tasks
    this.readyKeys = readyKeys
  }

  claim(params: Params<'tasks.claim'>, actor: string | undefined): Outcome {
    const who = this.claimant(params, actor)
    const tasks = params.keys.map((key) => this.task(key))
    const failed = tasks.flatMap((task) => this.inTheWay(task, who, params))
    if (failed.length > 0) return outcomeOf([], failed)
    return outcomeOf(params.check === true ? [] : tasks.map((task) => this.grant(task, who, params.leaseMs)))
  }

  claimNext(params: Params<'tasks.claimNext'>, actor: string | undefined): Outcome {
    const who = this.claimant(params, actor)
    const keys = this.readyKeys().slice(0, params.count ?? 1)
    return outcomeOf(keys.map((key) => this.grant(this.task(key), who, params.leaseMs)))
  }

  assign({ to, limit = 1, type = 'agent', leaseMs }: Params<'tasks.assign'>): Outcome {
    const turns = Array.from({ length: limit }, () => to).flat()
    const keys = this.readyKeys()
    return outcomeOf(
      turns.slice(0, keys.length).map((by, index) => this.grant(this.task(keys[index] ?? ''), { by, type }, leaseMs)),
    )
  }

  renew(params: Params<'tasks.renew'>, actor: string | undefined): Outcome {
    const who = this.claimant(params, actor)
    const answers = params.keys.map((key) => {
      const task = this.task(key)
      return this.isHeldBy(task, who, params.token)
        ? { granted: this.grant(task, who, params.leaseMs) }
        : { failed: failedOf(task, 'CLAIM_LOST') }
    })
    return outcomeOf(
      answers.flatMap(({ granted }) => granted ?? []),
      answers.flatMap(({ failed }) => failed ?? []),
    )
  }

  release(params: Params<'tasks.release'>, actor: string | undefined): Result<'tasks.release'> {
    const who = this.claimant(params, actor)
    const tasks = params.keys.map((key) => this.task(key))
    const failed = tasks
      .filter((task) => task.claim !== null && !this.isHeldBy(task, who, params.token))
      .map((task) => failedOf(task, 'CLAIM_LOST'))
    if (failed.length > 0) return { released: [], failed }
    for (const task of tasks) this.tasks.set(task.key, { ...task, claim: null })
    return { released: tasks.map(({ key }) => key), failed }
  }

  list(): Result<'claims.list'> {
    const claims = [...this.tasks.values()].flatMap(({ claim, key, uid, title }) =>
      claim === null ? [] : [{ ...claim, key, uid, title, grantedAt: claim.token === 0 ? null : GRANTED }],
    )
    return { claims, lost: this.lost, fresh: !this.relayIsAway }
  }

  verify(keys: readonly string[], token: number | undefined): void {
    for (const { key, claim } of keys.map((one) => this.task(one)))
      if (token !== undefined && (claim?.token ?? 0) > token)
        throw new TaskError('TOKEN_STALE', { key, token, how: `it was granted to ${claim?.by ?? ''} since` })
  }

  private task(name: string): TaskDetail {
    const found = this.tasks.get(name) ?? [...this.tasks.values()].find(({ uid }) => uid === name)
    if (found === undefined) throw new TaskError('TASK_NOT_FOUND', { key: name })
    return found
  }

  private claimant({ by, type = 'agent' }: Asked, actor: string | undefined): Pick<ClaimView, 'by' | 'type'> {
    return { by: by ?? actor ?? 'me', type }
  }

  private inTheWay(
    task: TaskDetail,
    who: Pick<ClaimView, 'by' | 'type'>,
    { waitMs, steal }: Params<'tasks.claim'>,
  ): readonly Failed[] {
    const isFree = task.claim === null || this.isHeldBy(task, who) || steal !== undefined
    return isFree ? [] : [failedOf(task, waitMs === undefined ? 'CLAIM_HELD' : 'CLAIM_TIMEOUT')]
  }

  private isHeldBy({ claim }: TaskDetail, { by, type }: Pick<ClaimView, 'by' | 'type'>, token?: number): boolean {
    return claim?.by === by && claim.type === type && (token === undefined || claim.token === token)
  }

  private grant(
    task: TaskDetail,
    { by, type }: Pick<ClaimView, 'by' | 'type'>,
    leaseMs: number = HALF_HOUR,
  ): Outcome['granted'][number] {
    const isRenewed = this.isHeldBy(task, { by, type }) && task.claim?.state === 'granted'
    const claim: ClaimView = {
      by,
      type,
      token: this.relayIsAway ? 0 : isRenewed ? (task.claim?.token ?? 0) : ++this.#token,
      expiresAt: new Date(NOW + leaseMs).toISOString(),
      state: this.relayIsAway ? 'tentative' : 'granted',
      scope: 'relay',
    }
    this.tasks.set(task.key, { ...task, claim })
    return { key: task.key, uid: task.uid, ...claim, ...(isRenewed && { renewed: true as const }) }
  }
}

function outcomeOf(granted: Outcome['granted'], failed: Outcome['failed'] = []): Outcome {
  return { granted, assigned: granted.map(({ key }) => key), failed, skipped: [] }
}

function failedOf(
  { key, claim }: { readonly key: Key; readonly claim: ClaimView | null },
  code: Failed['code'],
): Failed {
  const holder = claim === null ? null : `${claim.type}:${claim.by}`
  return { key, code, error: `${key} is held by ${holder ?? 'nobody'}`, existing_assignee: holder, heldBy: claim }
}
