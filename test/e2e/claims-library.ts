/** A claimant of the storm that is a program with a workspace: what is unreachable is tentative, and settled by the library itself. */
import { openWorkspace, type Workspace } from '../../bin/node.ts'
import { TaskError, type MethodName, type Params, type Result } from '../../src/index.ts'
import type { Holder } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import type { Claimant, ClaimAsk, Hold } from './claims-storm-child.ts'

const MOST_TRIES = 200
const AGAIN_MS = 50
/** What a claimant has to expect of a relay that comes and goes. */
const EXPECTED = new Set(['RELAY_UNREACHABLE', 'CONNECTION_CLOSED', 'TIMED_OUT', 'TASK_NOT_FOUND'])

export class LibraryClaimant implements Claimant {
  readonly #workspace: Workspace
  readonly #by: string

  private constructor(workspace: Workspace, by: string) {
    this.#workspace = workspace
    this.#by = by
  }

  /** Everything of the relay is there then. */
  static async open(dir: string, by: string): Promise<Claimant> {
    const workspace = await openWorkspace({ dir, actor: by })
    await workspace.sync({ wait: true })
    return new LibraryClaimant(workspace, by)
  }

  async claim({ tasks, ...asked }: ClaimAsk): Promise<readonly Hold[]> {
    return holdsIn(await this.#call('tasks.claim', { keys: tasks, by: this.#by, ...asked }))
  }

  async take(count: number, asked: Pick<ClaimAsk, 'request' | 'leaseMs' | 'type'>): Promise<readonly Hold[]> {
    return holdsIn(await this.#call('tasks.claimNext', { count, by: this.#by, ...asked }))
  }

  async renew(holds: readonly Hold[], type: Holder['type'], leaseMs: number): Promise<void> {
    for (const { uid, token } of holds)
      await this.#call('tasks.renew', { keys: [uid], by: this.#by, type, leaseMs, ...tokenOf(token) })
  }

  async release(holds: readonly Hold[], type: Holder['type'], isByName: boolean): Promise<void> {
    for (const { uid, token } of holds)
      await this.#call('tasks.release', { keys: [uid], by: this.#by, type, ...(isByName ? {} : tokenOf(token)) })
  }

  async look(tasks: readonly Uid[], _holds: readonly Hold[], type: Holder['type']): Promise<void> {
    await this.#call('tasks.claim', { keys: tasks, by: this.#by, type, check: true })
    await this.#call('claims.list', {})
  }

  async #call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name> | undefined> {
    try {
      return await this.#workspace.call(method, params)
    } catch (thrown) {
      if (thrown instanceof TaskError && EXPECTED.has(thrown.code)) return undefined
      throw thrown
    }
  }

  /** What waits is told to the relay before it leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; await this.#isWaiting(); tries++) {
      if (tries === MOST_TRIES) throw new Error('what was tentative was never settled')
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
    await this.#workspace[Symbol.asyncDispose]()
  }

  async #isWaiting(): Promise<boolean> {
    const listed = await this.#call('claims.list', {})
    return listed?.fresh !== true || listed.claims.some(({ state }) => state === 'tentative')
  }
}

function holdsIn(outcome: Result<'tasks.claim'> | undefined): readonly Hold[] {
  return (outcome?.granted ?? []).map(({ uid, token }) => ({ uid: uid as Uid, token }))
}

function tokenOf(token: number): { readonly token?: number } {
  return token > 0 ? { token } : {}
}
