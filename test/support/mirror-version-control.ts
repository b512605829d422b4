/** Version control in a simulation of files: commits, checkouts of older ones, one change pulled by several. */
import type { Dice } from './dice.ts'
import { SHARED, type MirrorBook } from './mirror-book.ts'
import { idIn, sharedChange, withChange, wordsIn, type SharedChange } from './mirror-text.ts'
import type { MirroredWorkspace } from './mirror-workspace.ts'

export class VersionControl {
  readonly #book: MirrorBook
  readonly #changes: SharedChange[] = []
  readonly #pulled = new Map<MirroredWorkspace, number>()
  /** Commits of a workspace, oldest first: what each holds. */
  readonly #commits = new Map<
    MirroredWorkspace,
    { readonly id: string; readonly texts: ReadonlyMap<string, string> }[]
  >()

  constructor(book: MirrorBook) {
    this.#book = book
  }

  async commit(workspace: MirroredWorkspace): Promise<void> {
    const texts = await workspace.texts()
    const encoder = new TextEncoder()
    const id = workspace.memory.repository.commit(
      new Map([...texts].map(([path, text]) => [path, encoder.encode(text)])),
    )
    const commits = this.#commits.get(workspace) ?? []
    // As commits tell, whoever changed a text had seen the one before, also where nobody else ever did.
    for (const [path, before] of commits.at(-1)?.texts ?? []) {
      const text = texts.get(path)
      if (text !== undefined && text !== before) this.#book.takenUnread(before, text, workspace.sureTexts(path))
    }
    this.#commits.set(workspace, [...commits, { id, texts }])
  }

  /** All is committed, and then an older commit, or the newest again, is put in its place. */
  async checkout(workspace: MirroredWorkspace, dice: Dice, step: number): Promise<string> {
    const commits = this.#commits.get(workspace) ?? []
    await this.commit(workspace)
    const commit = dice.chance(0.4) ? commits.at(-1) : dice.pick(commits)
    if (commit === undefined) return 'nothing there'
    if (dice.chance(0.5)) await workspace.scan()
    const now = await workspace.texts()
    for (const path of now.keys()) workspace.forget(path)
    for (const path of now.keys()) if (!commit.texts.has(path)) workspace.take(path)
    for (const [path, text] of commit.texts) {
      if (now.get(path) === text) continue
      // Of a commit that nobody saw here nothing tells whether it is older or newer: what it lacks counts as taken away.
      const same = [...now.values()].find((other) => idIn(other) === idIn(text)) ?? workspace.allTexts(path).at(-1)
      if (!workspace.remembers(path, text)) {
        this.#book.saved(now.get(path) ?? same ?? '', text, `${step}`)
        this.#book.unsure(text, `${step}`)
      }
      workspace.put(path, text)
    }
    workspace.memory.repository.checkout(commit.id)
    return 'done'
  }

  /** Someone whom none of them knows changes a file; who pulls it gets it merged into what is there. */
  async share(workspace: MirroredWorkspace, dice: Dice, step: number): Promise<string> {
    const [, text] = (await workspace.someFile(dice)) ?? []
    const change = text === undefined ? undefined : sharedChange(text, dice, this.#book.newWord, `${SHARED} ${step}`)
    if (change === undefined) return 'nothing there'
    this.#changes.push(change)
    return this.pull(workspace, dice, step)
  }

  async pull(workspace: MirroredWorkspace, dice: Dice, step: number): Promise<string> {
    const next = this.#pulled.get(workspace) ?? 0
    const change = this.#changes[next]
    if (change === undefined) return 'nothing there'
    this.#pulled.set(workspace, next + 1)
    const path = await workspace.pathOf(change.uid)
    const text = path === undefined ? undefined : await workspace.text(path)
    const merged = text === undefined ? undefined : withChange(text, change)
    if (path === undefined || text === undefined || merged === undefined) return 'nothing there'
    const isByGit = dice.chance(0.7)
    if (isByGit) await this.commit(workspace)
    // Where the file shows an older text its surroundings in the document are others.
    const isClean = (await workspace.rows()).get(path)?.state === 'clean'
    // Or stand there more than once, each made of other characters.
    const isOne = !wordsIn(merged.place).some((word) => this.#book.mayStandTwice(word))
    const how = `${change.id} ${merged.place} ${isClean && isOne ? '' : step}`
    this.#book.saved(text, merged.text, how)
    this.#book.unclear(text, merged.text, workspace.allTexts(path), how)
    const origin = workspace.madeFrom(path, text)
    if (origin !== text) this.#book.unclear(origin, merged.text, workspace.allTexts(path), how)
    workspace.leavesUnread(path, text, merged.text)
    workspace.put(path, merged.text)
    if (isByGit) await this.commit(workspace)
    return 'done'
  }
}
