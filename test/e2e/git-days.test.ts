/**
 * Random days with branches: edits by hand, commands, commits, checkouts, merges, rebases, stashes, resets, in real git.
 * No word that was ever read is lost or stands twice, and no task is deleted, whatever git does to the files.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openBriefly } from '../../bin/open.ts'
import { placeOf } from '../../bin/workspace-world.ts'
import type { MethodName, Params, Result } from '../../src/index.ts'
import { createDice, weighted, type Dice } from '../support/dice.ts'
import { openGitPlace, type GitPlace } from './git-place.ts'

/** Days on which words were lost once. */
const FOUND = [303, 319] as const
/** `E2E_FULL` plays twenty others. */
const FIRST_SEED = Number(process.env['E2E_SEED'] ?? 1010)
const OTHERS = process.env['E2E_FULL'] === undefined ? 1 : 20
const STEPS = 40

const BRANCHES = ['main', 'left', 'right'] as const
const KEYS = ['T-1', 'T-2', 'T-3'] as const
const STATUSES = ['todo', 'doing', 'done'] as const

const chosen = weighted({ edit: 5, set: 1, commit: 1, checkout: 3, merge: 2, rebase: 1, stash: 2, reset: 1, look: 3 })

class Day {
  readonly #repo: GitPlace
  readonly #dice: Dice
  readonly words: string[] = []
  readonly log: string[] = []
  lost: readonly string[] = []
  #stashes = 0

  constructor(repo: GitPlace, dice: Dice) {
    this.#repo = repo
    this.#dice = dice
  }

  /** One short command, without a process of its own. */
  async call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>> {
    const { place, dir } = this.#repo
    await using workspace = openBriefly(placeOf(dir, place.env), null)
    return await workspace.call(method, params)
  }

  async step(): Promise<void> {
    const kind = chosen(this.#dice)
    if (kind === 'edit') await this.#edit()
    else if (kind === 'set') await this.#set()
    else if (kind === 'look') await this.call('tasks.list', {})
    else if (kind === 'commit') this.#commit()
    else if (kind === 'checkout') this.#checkout()
    else if (kind === 'merge') await this.#merge()
    else if (kind === 'rebase') this.#rebase()
    else if (kind === 'stash') this.#stash()
    else this.#git('reset', '--quiet', '--hard', this.#dice.chance(0.5) ? 'HEAD~1' : 'HEAD')
  }

  /** Finds words that are in no task, or twice; tasks that are deleted. */
  async look(): Promise<void> {
    const { tasks } = await this.call('tasks.list', { all: true })
    const bodies = await Promise.all(
      tasks.map(async ({ uid }) => (await this.call('task.get', { key: uid })).task.body),
    )
    const listed = JSON.stringify((await this.call('conflicts.list', {})).conflicts)
    const count = (word: string): number => bodies.join('\n').split(new RegExp(`\\b${word}\\b`)).length - 1
    this.lost = [
      ...this.words.filter((word) => count(word) === 0 && !listed.includes(`${word} `)).map((word) => `lost ${word}`),
      ...this.words.filter((word) => count(word) > 1).map((word) => `${word} stands twice`),
      ...tasks.filter(({ deleted }) => deleted).map(({ key }) => `${key} is deleted`),
    ]
  }

  async #edit(): Promise<void> {
    const name = this.#dice.pick(readdirSync(join(this.#repo.dir, 'tasks'))) ?? ''
    const path = join(this.#repo.dir, 'tasks', name)
    const lines = readFileSync(path, 'utf8').split('\n')
    if (lines.some((line) => line.startsWith('<<<<<<<'))) return
    const word = `w${this.words.length + 1}`
    const start = lines.indexOf('---', 1) + 2
    const at = start + this.#dice.below(Math.max(1, lines.length - start - 1))
    if (this.#dice.chance(0.3)) lines[at] = `${lines[at]} and ${word} `.trimStart()
    else lines.splice(at, 0, `- line ${word} here`)
    const status = lines.findIndex((line) => line.startsWith('status:'))
    if (this.#dice.chance(0.3) && status > 0) lines[status] = `status: ${this.#dice.pick(STATUSES)}`
    writeFileSync(path, lines.join('\n'))
    this.words.push(word)
    this.log.push(`edit ${name}: ${word}`)
    await this.call('tasks.list', {})
  }

  async #set(): Promise<void> {
    const [key = 'T-1', status = 'todo'] = [this.#dice.pick(KEYS), this.#dice.pick(STATUSES)]
    this.log.push(`set ${key} ${status}`)
    await this.call('tasks.update', { keys: [key], changes: { status } })
  }

  #commit(): void {
    this.#git('add', '--all')
    this.#git('commit', '--quiet', '-m', 'work')
  }

  #checkout(): void {
    if (this.#dice.chance(0.75)) this.#commit()
    this.#git('checkout', '--quiet', this.#dice.pick(BRANCHES) ?? 'main')
  }

  /** Conflicts are solved by taking one side. */
  async #merge(): Promise<void> {
    if (this.#dice.chance(0.75)) this.#commit()
    if (this.#git('merge', '--quiet', '--no-edit', this.#dice.pick(BRANCHES) ?? 'main')) return
    if (this.#dice.chance(0.5)) await this.call('tasks.list', {})
    // Refused outright: nothing was begun.
    if (!this.#isUnmerged()) return
    this.#git('checkout', '--quiet', this.#dice.chance(0.5) ? '--ours' : '--theirs', '--', 'tasks')
    this.#commit()
  }

  #rebase(): void {
    if (this.#dice.chance(0.75)) this.#commit()
    if (!this.#git('rebase', '--quiet', 'main')) this.#git('rebase', '--abort')
  }

  #stash(): void {
    if (this.#stashes === 0 || this.#dice.chance(0.5)) {
      if (this.#repo.dirty().length > 0 && this.#git('stash', '--quiet')) this.#stashes++
      return
    }
    this.#stashes--
    if (this.#git('stash', 'pop', '--quiet')) return
    if (!this.#isUnmerged()) return void this.#stashes++
    this.#git('checkout', '--quiet', '--theirs', '.')
    this.#git('reset', '--quiet')
    this.#git('stash', 'drop', '--quiet')
  }

  #isUnmerged(): boolean {
    return this.#repo.dirty().some((line) => /^(?:U.|.U|AA|DD)/.test(line))
  }

  /** Whether git did it: what it refuses is a part of the day. */
  #git(...args: readonly string[]): boolean {
    try {
      this.#repo.git(args)
      this.log.push(args.join(' '))
      return true
    } catch {
      this.log.push(`${args.join(' ')}: refused`)
      return false
    }
  }
}

describe('days with branches', () => {
  it.each([...FOUND, ...Array.from({ length: OTHERS }, (_, day) => FIRST_SEED + day)])(
    '[M2][M50] nothing that was read is lost, doubled or deleted, whatever git does (seed %i)',
    async (seed) => {
      await using repo = await openGitPlace('One', 'Two', 'Three')
      for (const branch of BRANCHES.slice(1)) repo.git(['branch', branch])
      const dice = createDice(seed)
      const day = new Day(repo, dice)
      for (let step = 0; step < STEPS && day.lost.length === 0; step++) {
        await day.step()
        // Not after each: what happens between two looks is seen as one.
        if (step === STEPS - 1 || dice.chance(0.4)) await day.look()
      }
      expect(day.lost, `${day.log.join('\n')}`).toEqual([])
    },
  )
})
