/** What people did to words and tasks in a simulation of files: what must be found at the end, and what may stand twice. */
import { distance, movedWords, wordsIn } from './mirror-text.ts'

/** What the changes that several make are called by. */
export const SHARED = 'shared'

export class MirrorBook {
  #words = 0
  /** Seen by a mirror, and by whom. */
  readonly seen: Map<string, string> = new Map()
  /** Taken away by someone who had them before their eyes. */
  readonly removed: Set<string> = new Set()
  /** By which changes a word came that had been somewhere before, or that several make. */
  readonly #comings = new Map<string, Set<string>>()
  readonly #known = new Set<string>()
  /** By the word it is known by: where it came from; undefined until a mirror has seen it. */
  readonly births: Map<string, { isSeen: boolean }> = new Map()
  readonly deleted: Set<string> = new Set()
  readonly newWord = (): string => `w${++this.#words}`

  /** Someone who saw one text wrote another; `moved` stand elsewhere in it. */
  saved(before: string, after: string, change: string, moved: readonly string[] = []): void {
    const [was, is] = [new Set(wordsIn(before)), new Set(wordsIn(after))]
    for (const word of was) if (!is.has(word)) this.removed.add(word)
    for (const word of is) if (!was.has(word)) this.#comes(word, change)
    for (const word of [...is, ...was]) this.#known.add(word)
    for (const word of moved) this.#comes(word, change)
    // A line that came to several by itself, and was reworded by one of them, is no longer the same line.
    const lines = new Set(after.split(/\r?\n/))
    for (const line of before.split(/\r?\n/))
      if (!lines.has(line)) for (const word of wordsIn(line)) this.#comings.get(word)?.add(change)
  }

  /** Words that were committed, and are gone in the next commit, without anyone having read them. */
  takenUnread(before: string, after: string, read: readonly string[]): void {
    const known = new Set([after, ...read].flatMap(wordsIn))
    for (const word of wordsIn(before)) if (!known.has(word)) this.removed.add(word)
  }

  /** Nobody can tell where these words come from. */
  unsure(text: string, change: string): void {
    for (const word of wordsIn(text)) this.#comings.set(word, new Set([change, 'unclear']))
  }

  /** An older text exactly: what it takes away is kept beside it. */
  putBack(before: string, after: string, change: string): void {
    const was = new Set(wordsIn(before))
    for (const word of wordsIn(after)) if (!was.has(word)) this.#comes(word, change)
    for (const word of movedWords(before, after)) this.#comes(word, change)
  }

  /** From the text alone nobody can tell which of these it was made from: it may be read as made from any that is as near. */
  unclear(before: string, after: string, others: readonly string[], change: string): void {
    const least = distance(before, after)
    for (const other of others) {
      if (other === before || distance(other, after) > least + 1) continue
      this.saved(other, after, change)
      // Its own words, and those of the text that it was made from and the other has not.
      const was = new Set(wordsIn(other))
      this.unsure(
        wordsIn(after)
          .filter((word) => !was.has(word))
          .join(' '),
        change,
      )
    }
  }

  #comes(word: string, change: string): void {
    if (!this.#known.has(word) && !change.startsWith(SHARED)) return
    const comings = this.#comings.get(word)
    if (comings === undefined) this.#comings.set(word, new Set([change]))
    else comings.add(change)
  }

  /** Several put it there, each without the others. */
  mayStandTwice(word: string): boolean {
    return (this.#comings.get(word)?.size ?? 0) > 1
  }

  see(text: string, where: string): void {
    for (const word of wordsIn(text)) if (!this.seen.has(word)) this.seen.set(word, where)
  }

  born(word: string, isSeen = false): void {
    if (!this.births.has(word)) this.births.set(word, { isSeen })
  }
}
