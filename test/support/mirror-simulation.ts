/**
 * A world of workspaces with files: people edit, commands run, version control puts texts there, documents travel, and
 * processes are killed. A schedule of steps from a seed; what must hold afterwards is checked elsewhere.
 */
import { newConfig, newProjectId } from '../../src/internal.ts'
import { createDice, weighted, type Dice } from './dice.ts'
import { KeyArbiter } from './key-arbiter.ts'
import { MirrorBook } from './mirror-book.ts'
import type { Fate } from './mirror-process.ts'
import { commands, type CommandKind } from './mirror-commands.ts'
import { bornIn, copied, edited, idIn, movedWords, sheet } from './mirror-text.ts'
import { VersionControl } from './mirror-version-control.ts'
import { MirroredWorkspace } from './mirror-workspace.ts'
import type { Tally } from './simulation.ts'

export type MirrorStepKind = keyof typeof WEIGHTS

export interface MirrorStep {
  readonly kind: MirrorStepKind
  readonly dice: number
}

export interface MirrorSchedule {
  readonly seed: number
  readonly workspaces: number
  readonly files: number
  readonly lineEnd: '\n' | '\r\n'
  readonly hasIds: boolean
  readonly steps: readonly MirrorStep[]
}

const WEIGHTS = {
  edit: 24,
  stale: 6,
  putBack: 5,
  command: 12,
  scan: 14,
  send: 14,
  deliver: 14,
  close: 5,
  rename: 3,
  copy: 2,
  remove: 2,
  newFile: 2,
  commit: 3,
  checkout: 3,
  share: 4,
  pull: 8,
}
const someKind = weighted(WEIGHTS)
const STEP_MS = 2000
const KILLED = 0.08
const CONFIRMED_BY_STEP = 0.12

interface Letter {
  readonly to: MirroredWorkspace
  readonly update: Uint8Array
}

export function mirrorScheduleOf(seed: number): MirrorSchedule {
  const dice = createDice(seed)
  return {
    seed,
    workspaces: 1 + dice.below(4),
    files: 1 + dice.below(3),
    lineEnd: dice.chance(0.2) ? '\r\n' : '\n',
    hasIds: dice.chance(0.8),
    steps: Array.from({ length: 6 + dice.below(30) }, () => ({ kind: someKind(dice), dice: dice.below(2 ** 31) })),
  }
}

export class MirrorWorld {
  readonly book: MirrorBook = new MirrorBook()
  readonly workspaces: MirroredWorkspace[] = []
  readonly tally: Tally = {}
  readonly #schedule: MirrorSchedule
  readonly #letters: Letter[] = []
  readonly #relay = new KeyArbiter()
  readonly #versions: VersionControl
  #steps = 0

  constructor(schedule: MirrorSchedule) {
    const { seed } = schedule
    this.#schedule = schedule
    this.#versions = new VersionControl(this.book)
    const dice = createDice(seed ^ 0x717e)
    const config = newConfig(
      newProjectId((count) => dice.bytes(count)),
      { relay: dice.chance(0.5) ? 'auto' : 'none' },
    )
    for (let place = 0; place < schedule.workspaces; place++)
      this.workspaces.push(new MirroredWorkspace({ place, seed: seed * 4 + place, config }, this.book))
  }

  /** Clones begin with equal files, or with none. */
  async begin(): Promise<void> {
    const dice = createDice(this.#schedule.seed ^ 0xf11e)
    const { files, hasIds, lineEnd } = this.#schedule
    const texts = Array.from({ length: files }, (_, at) => {
      const options = { uid: `fae000000${at}`, hasId: hasIds, lineEnd, endsWithLine: dice.chance(0.8) }
      return {
        path: `tasks/${at === 1 ? 'T-1-first.md' : `task ${at}.md`}`,
        text: sheet(dice, this.book.newWord, options),
      }
    })
    for (const { text } of texts) {
      this.book.saved('', text, 'beginning')
      this.book.born(bornIn(text) ?? '')
    }
    for (const workspace of this.workspaces) {
      const hasFiles = workspace === this.workspaces[0] || dice.chance(0.7)
      if (hasFiles)
        for (const { path, text } of texts) {
          workspace.put(path, text)
          workspace.beginnings.set(bornIn(text) ?? '', { path, text })
        }
      await this.#versions.commit(workspace)
      if (!hasIds || dice.chance(0.7)) await workspace.scan()
    }
  }

  async take(step: MirrorStep): Promise<void> {
    const dice = createDice(step.dice)
    this.#steps++
    for (const { memory } of this.workspaces) await memory.runtime.advance(STEP_MS)
    const workspace = dice.pick(this.workspaces)
    if (workspace === undefined) return
    const fate: Fate | undefined = dice.chance(KILLED) ? { after: dice.below(7), isDone: dice.chance(0.5) } : undefined
    const outcome = await this.#do(step.kind, workspace, dice, fate)
    this.#count(outcome === 'done' ? `done: ${step.kind}` : outcome)
    // Whoever is killed by a letter is the one who opened it.
    if (outcome === 'killed' && step.kind !== 'deliver') workspace.spoil(dice)
    if (SAVES.has(step.kind) && dice.chance(0.5)) {
      const scanned = await workspace.scan({}, fate)
      if (scanned === 'killed') {
        this.#count('killed')
        workspace.spoil(dice)
      }
    }
    if (dice.chance(0.3)) await workspace.close()
    await this.#confirm(createDice(step.dice ^ 0xc0f1))
  }

  /** The relay says which numbers hold for good: each as its maker gave it if that is free, else the next. */
  async #confirm(dice: Dice): Promise<void> {
    const workspace = dice.pick(this.workspaces)
    if (workspace === undefined || workspace.memory.config.relay === 'none' || !dice.chance(CONFIRMED_BY_STEP)) return
    const fate: Fate | undefined = dice.chance(KILLED) ? { after: dice.below(7), isDone: dice.chance(0.5) } : undefined
    const before = workspace.renamed
    const outcome = await workspace.act('confirm', (project) => this.#relay.confirm(project), fate)
    if (outcome === 'killed') workspace.spoil(dice)
    this.#count(workspace.renamed > before ? 'renamed by its key' : 'confirmed')
  }

  /** Everybody looks, and hears everything, until nothing changes any more. */
  async settle(): Promise<void> {
    for (const letter of this.#letters.splice(0)) await letter.to.absorb([letter.update])
    let before = ''
    for (let round = 0; round < 8; round++) {
      for (const { memory } of this.workspaces) await memory.runtime.advance(STEP_MS)
      for (const workspace of this.workspaces) await workspace.scan()
      for (const workspace of this.workspaces)
        for (const other of this.workspaces)
          if (other !== workspace) await other.absorb([await workspace.tell(other, false)])
      const after = await this.#state()
      if (after === before) return
      before = after
    }
    this.workspaces[0]?.problems.push('M3 it does not come to rest')
  }

  async #state(): Promise<string> {
    const parts: unknown[] = []
    for (const workspace of this.workspaces)
      parts.push([...(await workspace.texts())], [...(await workspace.replica()).encode()].join())
    return JSON.stringify(parts)
  }

  async #do(kind: MirrorStepKind, workspace: MirroredWorkspace, dice: Dice, fate?: Fate): Promise<string> {
    switch (kind) {
      case 'edit':
        return this.#edit(workspace, dice)
      case 'stale':
        return this.#stale(workspace, dice)
      case 'putBack':
        return this.#putBack(workspace, dice)
      case 'command':
        return this.#command(workspace, dice, fate)
      case 'scan':
        return workspace.scan({ force: dice.chance(0.1) }, fate)
      case 'send':
        return this.#send(workspace, dice)
      case 'deliver':
        return this.#deliver(dice, fate)
      case 'close':
        await workspace.close()
        return 'done'
      case 'rename':
        return this.#rename(workspace, dice)
      case 'copy':
        return this.#copy(workspace, dice)
      case 'remove':
        return this.#remove(workspace, dice)
      case 'newFile':
        return this.#newFile(workspace, dice)
      case 'commit':
        await this.#versions.commit(workspace)
        return 'done'
      case 'checkout':
        return this.#versions.checkout(workspace, dice, this.#steps)
      case 'share':
        return this.#versions.share(workspace, dice, this.#steps)
      case 'pull':
        return this.#versions.pull(workspace, dice, this.#steps)
    }
  }

  async #edit(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path, text] = (await workspace.someFile(dice)) ?? []
    if (path === undefined || text === undefined) return 'nothing there'
    // Brought back from before it had an id, and changed before anyone looked: nobody can tell whose it is.
    const isKnown = this.book.births.get(bornIn(text) ?? '')?.isSeen === true
    if (isKnown && idIn(text) === undefined) return 'nothing there'
    return this.#save(workspace, { path, from: text, dice })
  }

  async #stale(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path] = (await workspace.someFile(dice)) ?? []
    const from = path === undefined ? undefined : dice.pick(workspace.candidates(path).slice(0, -1))
    if (path === undefined || from === undefined) return 'nothing there'
    workspace.forget(path)
    return this.#save(workspace, { path, from, dice })
  }

  async #save(
    workspace: MirroredWorkspace,
    { path, from, dice }: { readonly path: string; readonly from: string; readonly dice: Dice },
  ): Promise<string> {
    const { text, moved, isShape } = edited(from, dice, this.book.newWord)
    if (text === from) return 'nothing there'
    const change = `${this.#steps}`
    this.book.saved(from, text, change, moved)
    // On top of what came by version control, and nobody has read.
    if (!workspace.sureTexts(path).includes(from)) this.book.unsure(moved.join(' '), change)
    const others = workspace.isUncertain ? workspace.allTexts(path) : workspace.candidates(path)
    this.book.unclear(from, text, others, change)
    // Nobody read what lies between two looks: together they may be nearer to another text than each by itself.
    const origin = workspace.madeFrom(path, from)
    if (origin !== from) this.book.unclear(origin, text, others, change)
    workspace.leavesUnread(path, from, text)
    if (isShape) workspace.reshaped.add(bornIn(text) ?? '')
    workspace.put(path, text)
    return 'done'
  }

  /** Exactly what it was, among what it was since the last save: what that takes away is to be listed. */
  async #putBack(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path, now] = (await workspace.someFile(dice)) ?? []
    if (path === undefined || now === undefined) return 'nothing there'
    const candidates = workspace.candidates(path).slice(0, -1)
    const isCandidate = !workspace.isUncertain && dice.chance(0.8)
    const text = dice.pick(isCandidate ? candidates : workspace.allTexts(path))
    if (text === undefined || text === now) return 'nothing there'
    const change = `${this.#steps}`
    if (isCandidate && candidates.includes(text)) this.book.putBack(now, text, change)
    else {
      this.book.saved(now, text, change, movedWords(now, text))
      this.book.unclear(now, text, workspace.allTexts(path), change)
    }
    workspace.reshaped.add(bornIn(text) ?? '')
    workspace.forget(path)
    workspace.put(path, text)
    return 'done'
  }

  async #command(workspace: MirroredWorkspace, dice: Dice, fate?: Fate): Promise<string> {
    const kind: CommandKind =
      dice.pick(['create', 'title', 'status', 'body', 'body', 'labels', 'field', 'comment', 'delete']) ?? 'status'
    if (kind === 'delete' && dice.chance(0.5)) return 'nothing there'
    return commands[kind]({ workspace, dice, book: this.book, change: `${this.#steps}`, fate })
  }

  async #send(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const to = dice.pick(this.workspaces.filter((one) => one !== workspace))
    if (to === undefined) return 'nothing there'
    this.#letters.push({ to, update: await workspace.tell(to, dice.chance(0.5)) })
    return 'done'
  }

  async #deliver(dice: Dice, fate?: Fate): Promise<string> {
    const letter = dice.pick(this.#letters)
    if (letter === undefined) return 'nothing there'
    if (dice.chance(0.8)) this.#letters.splice(this.#letters.indexOf(letter), 1)
    const outcome = await letter.to.absorb([letter.update], fate)
    if (outcome === 'killed') letter.to.spoil(dice)
    return outcome
  }

  async #rename(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path, text] = (await workspace.someFile(dice)) ?? []
    if (path === undefined || text === undefined) return 'nothing there'
    // One that was saved without its id, or brought back from before it had one after it was gone, and moved before anyone
    // looked is nobody's.
    const isGone = ((await workspace.rows()).get(path)?.state ?? 'gone') === 'gone'
    if (idIn(text) === undefined && (isGone || !workspace.sureTexts(path).includes(text))) return 'nothing there'
    const folder = dice.chance(0.5) ? 'tasks/' : 'tasks/sub/'
    workspace.rename(path, `${folder}renamed ${this.#steps}.md`, text)
    return 'done'
  }

  async #copy(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path, text] = (await workspace.someFile(dice)) ?? []
    if (path === undefined || text === undefined) return 'nothing there'
    const copy = copied(text, this.book.newWord)
    this.book.born(copy.born)
    workspace.put(`tasks/copy ${this.#steps}.md`, copy.text)
    return 'done'
  }

  async #remove(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const [path, text] = (await workspace.someFile(dice)) ?? []
    if (path === undefined || text === undefined) return 'nothing there'
    this.book.deleted.add(bornIn(text) ?? '')
    workspace.take(path)
    return 'done'
  }

  async #newFile(workspace: MirroredWorkspace, dice: Dice): Promise<string> {
    const options = {
      uid: `fresh${this.#steps}`,
      hasId: false,
      lineEnd: this.#schedule.lineEnd,
      endsWithLine: dice.chance(0.8),
    }
    const text = sheet(dice, this.book.newWord, options)
    this.book.saved('', text, 'beginning')
    this.book.born(bornIn(text) ?? '')
    workspace.put(`tasks/new ${this.#steps}.md`, text)
    return 'done'
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1
  }
}

const SAVES = new Set<MirrorStepKind>([
  'edit',
  'stale',
  'putBack',
  'rename',
  'copy',
  'remove',
  'newFile',
  'checkout',
  'share',
  'pull',
])
