/** Says what a changed file means: from which text it was edited, and what that comes to. Decides; writes nothing. */
import type { ParsedTask } from '../ports.ts'
import type { Uid } from '../ids.ts'
import { longHash } from '../task/hash.ts'
import type { TaskState } from '../task/registers.ts'
import { isDeleted } from '../task/view.ts'
import type { Base, FileRecord } from './base.ts'
import { carried, goesOnFrom, keepsOwn, sharesChangesOf, withoutSeen } from './carried.ts'
import { told } from './dangers.ts'
import { editsOf, type Meaning } from './edits.ts'
import { costOf, explain, isRemembered, type ReadBase, type ShownTask } from './explain.ts'
import type { FileIndex } from './file-index.ts'
import type { Look } from './looking.ts'
import type { Candidate, ReadFile, ReadTask } from './read-file.ts'
import { impliedIn, patchFor, saidBy, saidIn, unreadable, type Names } from './said.ts'
import { baseAhead } from './saying.ts'
import type { Versions } from './versions.ts'
import { impliedBy, type MirrorHost, type MirrorWorld } from './world.ts'

interface Pulled {
  readonly kind: 'edit'
  readonly from: ReadBase
  readonly after: readonly ShownTask[]
}

export interface Explaining {
  readonly world: MirrorWorld
  readonly host: MirrorHost
  readonly index: FileIndex
  readonly look: Look
  readonly versions: Versions
  /** As the files of this look name tasks. */
  readonly names: Names
  readonly otherPathOf: (uid: Uid, path: string) => string | undefined
}

export class Explainer {
  readonly #world: MirrorWorld
  readonly #host: MirrorHost
  readonly #index: FileIndex
  readonly #look: Look
  readonly #versions: Versions
  readonly #names: Names
  readonly #otherPathOf: Explaining['otherPathOf']

  constructor({ world, host, index, look, versions, names, otherPathOf }: Explaining) {
    this.#world = world
    this.#host = host
    this.#index = index
    this.#look = look
    this.#versions = versions
    this.#names = names
    this.#otherPathOf = otherPathOf
  }

  async saysLive(candidate: Candidate): Promise<boolean> {
    const { parsed, uids } = candidate
    for (const [place, task] of parsed.tasks.entries()) {
      const state = this.#host.tasks.get(uids[place] ?? ('' as Uid))
      if (state === undefined || isDeleted(state) || !(await this.#isLive(candidate, task, place, state))) return false
    }
    return true
  }

  async #isLive(candidate: Candidate, task: ParsedTask, place: number, state: TaskState): Promise<boolean> {
    const names = this.#names
    const file = saidBy(task, names, impliedBy(candidate.entry.path, task.body, this.#host.firstStatus))
    const patch = patchFor(task, place, { file, live: saidIn(state), names })
    if (patch.fields !== undefined || patch.sets !== undefined) return false
    return task.body === undefined || task.body === (await this.#host.body(state))
  }

  async explain(candidate: Candidate, blob: string | undefined, steps: readonly string[]): Promise<ReadFile> {
    const now = steps.at(-1)
    const { entry, text, parsed, uids, record, movedFrom } = candidate
    const { path } = entry
    const problems = parsed.problems.map((one) => told(path, one))
    const shown = parsed.tasks.map((task, place) => this.#shown(path, task, uids[place] ?? ('' as Uid)))
    const read = (base: Base): ReadBase => this.#readBase(path, base)
    const ahead = await this.#ahead(candidate)
    const how = ahead?.text === text ? 'written' : 'read'
    const common = { path, entry, text, how, record, parsed, problems } as const
    const stood = movedFrom ?? path
    const held = this.#heldSince(stood, record)
    const found = explain(record, shown, text, read, {
      isAnyBase: this.#versions.mayBeOlder(stood),
      mayBePut: this.#mayBePut(stood, steps),
      ahead,
      held,
    })
    const newest = record.bases.at(-1)
    const importing = async (): Promise<ReadFile> => {
      return { ...common, meaning: 'import', removed: [], tasks: await this.#tasks(candidate, shown) }
    }
    if (found === undefined || newest === undefined) return importing()
    // A text put back, and an edit of what the file is known to have held, need no other base.
    // Where the commit holds what the file held last, version control changed nothing: what differs is a person's.
    const isKnown = found.kind === 'restore' || held !== undefined || now === newest.text
    const via = isKnown ? undefined : this.#stepsTo(candidate, shown, found.from, [blob, ...steps])
    if (via !== undefined) {
      const tasks = await this.#tasks(candidate, shown, { from: read(newest), kind: 'edit', via })
      return { ...common, meaning: 'edit', tasks, removed: [] }
    }
    const checkedOut = isKnown ? undefined : this.#editOfCheckout(candidate, now, shown, found.from)
    const isNearCommit = isKnown || checkedOut !== undefined || blob === undefined
    if (!isNearCommit && (await this.#versions.isUnheard(candidate, blob))) return importing()
    const pulled =
      isNearCommit || blob === newest.text ? undefined : this.#pulledOver(path, blob, shown, found.from, read(newest))
    const { from, kind } = checkedOut ?? pulled ?? found
    const tasks = await this.#tasks(candidate, pulled?.after ?? shown, { from, kind })
    const removed =
      kind === 'restore'
        ? []
        : from.base.tasks.filter(({ uid }) => !uids.includes(uid) && this.#otherPathOf(uid, path) === undefined)
    return { ...common, meaning: kind, tasks, removed }
  }

  /**
   * The texts between what the file held and what it holds, where both stand in the way that version control went; or where
   * what it holds was edited from the last of them, before anyone had read that. Not where a nearer text is remembered: an old
   * buffer that was saved and committed before anyone looked.
   */
  #stepsTo(
    { entry: { path }, text, record }: Candidate,
    shown: readonly ShownTask[],
    nearest: ReadBase,
    way: readonly (string | undefined)[],
  ): readonly string[] | undefined {
    const newest = record.bases.at(-1)
    const texts = way.filter((one) => one !== undefined)
    const start = newest === undefined ? -1 : texts.lastIndexOf(newest.text)
    const [last, ...between] = texts.slice(start + 1).reverse()
    // An older text is no edit, also where it was committed: what came after it was made from that.
    const isOlder = between.some((one) => isRemembered(record, one))
    if (newest === undefined || start < 0 || last === undefined || isOlder) return undefined
    const costFrom = (one: string): number => costOf(this.#readBase(path, { ...newest, text: one }).tasks, shown)
    const least = costOf(nearest.tasks, shown)
    if (last === text) return least < costFrom(between[0] ?? newest.text) ? undefined : between.reverse()
    if (isRemembered(record, last)) return undefined
    const [ofLast, ofNewest] = [costFrom(last), costFrom(newest.text)]
    if (least < Math.min(ofLast, ofNewest)) return undefined
    const isFromLast = ofLast === ofNewest ? sharesChangesOf(last, newest.text, text) : ofLast < ofNewest
    return isFromLast ? [...between.reverse(), last] : []
  }

  /** An older text that is remembered explains it better than the commit's. */
  #isNearer(path: string, from: ReadBase, blob: string, shown: readonly ShownTask[]): boolean {
    const before = this.#readBase(path, { ...from.base, text: blob }).tasks
    return costOf(from.tasks, shown) < costOf(before, shown)
  }

  /** A process that ended may have written, or read, more than it remembered: what it would have written counts too. */
  async #ahead({ entry: { path }, record, uids }: Candidate): Promise<Base | undefined> {
    const { due } = this.#host
    const newest = record.bases.at(-1)
    if (newest === undefined || (due !== 'all' && !uids.some((uid) => due.has(uid)))) return undefined
    const stood = { path, text: newest.text, uids: newest.tasks.map(({ uid }) => uid) }
    const ahead = await baseAhead(this.#world, this.#host, stood)
    return ahead.text === newest.text ? undefined : ahead
  }

  /** Where it is known how version control got to where it is, it put no other texts there than the commits have. */
  #mayBePut(path: string, steps: readonly string[]): (text: string) => boolean {
    const row = this.#index.rows.get(path)
    const isKnown = this.#look.hasMoved && steps.length > 0 && row !== undefined
    if (!isKnown || (row.state === 'older' && row.shows === undefined)) return () => true
    return (text) => steps.includes(text) || (row.state === 'older' && longHash(text) === row.shows)
  }

  /** What version control put there, where it has not moved since: what a person did was done to that, or to a nearer text. */
  #heldSince(path: string, { bases }: FileRecord): Base | undefined {
    const row = this.#index.rows.get(path)
    if (row?.state !== 'older' || row.shows === undefined || this.#look.hasMoved) return undefined
    return bases.findLast(({ text }) => longHash(text) === row.shows)
  }

  /** Version control put a text here that is remembered, and a person edited that before anyone looked. */
  #editOfCheckout(
    { entry: { path }, record }: Candidate,
    now: string | undefined,
    shown: readonly ShownTask[],
    nearest: ReadBase,
  ): { readonly kind: Meaning; readonly from: ReadBase } | undefined {
    const base = record.bases.findLast(({ text }) => text === now)
    const newest = record.bases.at(-1)
    if (base === undefined || newest === undefined) return undefined
    const from = this.#readBase(path, base)
    if (base === newest) return { kind: 'edit', from }
    // It stood there a moment ago: another text has to explain more to be it.
    if (this.#isNearer(path, this.#readBase(path, newest), base.text, shown)) return undefined
    const isOther = this.#isNearer(path, nearest, base.text, shown) && nearest.base !== newest
    const isSaved = isOther && keepsOwn(nearest.tasks, from.tasks, shown, { fields: false })
    return { kind: 'stale', from: isSaved ? nearest : from }
  }

  #pulledOver(
    path: string,
    blob: string,
    shown: readonly ShownTask[],
    from: ReadBase,
    newest: ReadBase,
  ): Pulled | undefined {
    const isOlder = from.base !== newest.base
    return isOlder && this.#isNearer(path, from, blob, shown) ? undefined : this.#pulled(path, blob, shown, newest)
  }

  /** Version control put a change of the commit's text here: that change, carried over to what the file held instead. */
  #pulled(path: string, blob: string, shown: readonly ShownTask[], newest: ReadBase): Pulled {
    const before = this.#readBase(path, { ...newest.base, text: blob }).tasks
    const after = carried(before, shown, newest.tasks)
    // It holds what only this workspace had said: a person edited the newest text, and committed that.
    if (goesOnFrom(newest.tasks, { before, shown, after })) return { kind: 'edit', from: newest, after: shown }
    const tasks = newest.base.tasks.map((task) => withoutSeen(task, before, newest.tasks))
    return { kind: 'edit', from: { ...newest, base: { ...newest.base, tasks } }, after }
  }

  async #tasks(
    { entry, parsed }: Candidate,
    shown: readonly ShownTask[],
    explained?: { readonly from: ReadBase; readonly kind: Meaning; readonly via?: readonly string[] },
  ): Promise<readonly ReadTask[]> {
    const tasks: ReadTask[] = []
    for (const [place, task] of parsed.tasks.entries()) {
      const after = shown[place]
      if (after === undefined) continue
      const state = this.#host.tasks.get(after.uid)
      const whole = { ...after, parsed: task }
      if (
        state !== undefined &&
        !isDeleted(state) &&
        (await this.#isLive({ entry } as Candidate, task, place, state))
      ) {
        tasks.push({ ...whole, isLive: true, hasLiveBody: true })
        continue
      }
      const before = explained?.from.tasks.find(({ uid }) => uid === after.uid)
      const base = explained?.from.base.tasks.find(({ uid }) => uid === after.uid)
      if (explained === undefined || before === undefined || base === undefined) {
        const hasLiveBody = state !== undefined && task.body === (await this.#host.body(state))
        tasks.push({ ...whole, hasLiveBody })
        continue
      }
      const edits = editsOf({
        meaning: explained.kind,
        base,
        before,
        after,
        state,
        live: state === undefined ? '' : await this.#host.body(state),
        via: explained.via?.flatMap((text) => this.#bodyIn(entry.path, text, after.uid, place)),
        isUnreadable: unreadable(parsed.problems, place),
      })
      tasks.push({ ...whole, base, edits })
    }
    return tasks
  }

  #readBase(path: string, base: Base): ReadBase {
    const { tasks } = this.#world.format.parse(path, base.text)
    return {
      base,
      tasks: base.tasks.flatMap(({ uid }, place) => {
        const task = tasks[place]
        return task === undefined ? [] : [this.#shown(path, task, uid)]
      }),
    }
  }

  #shown(path: string, task: ParsedTask, uid: Uid): ShownTask {
    const said = saidBy(task, this.#names, impliedBy(path, task.body, this.#host.firstStatus))
    return { uid, said, body: task.body, implied: impliedIn(task) }
  }

  #bodyIn(path: string, text: string, uid: Uid, place: number): readonly string[] {
    const { tasks } = this.#world.format.parse(path, text)
    const body = (tasks.find(({ id }) => id === uid) ?? tasks[place])?.body
    return body === undefined ? [] : [body]
  }
}
