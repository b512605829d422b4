/**
 * Replays what happened in real repositories through the merge of bodies: merges, and commits that two pull before they
 * meet. Front matter is left out: it is merged field by field.
 *
 *   npm run bench -- replay <repository>…      directories of git repositories, bare or not; nothing in them is changed
 *
 * A repository is fetched first (`git clone --bare <address>`); a shallow one has no merges.
 */
import { basename, resolve } from 'node:path'
import { meeting, type Met } from './replay-desks.ts'
import { mergedFiles, pulledFiles } from './replay-history.ts'
import { Tally } from './replay-tally.ts'
import { harmOf } from './replay-words.ts'

const MOST_PULLS = 2000

export function replay(repositories: readonly string[]): void {
  if (repositories.length === 0) throw new Error('replay: name one or more directories of git repositories')
  replayMerges(repositories)
  replayPulls(repositories)
}

function replayMerges(repositories: readonly string[]): void {
  const clean = new Tally('merges that git calls clean', 'as git')
  const conflicting = new Tally('merges that git calls a conflict')
  const gits = new Tally('git’s own clean merges: what is counted in them is no harm, and as much may be none above')
  for (const repository of repositories) {
    for (const file of mergedFiles(repository)) {
      const { where, base, ours, theirs } = file
      const met = meeting(base, [ours], [theirs])
      const harm = harmOf(file, met.text, file.clean)
      const row = nameOf(repository)
      if (file.clean === undefined) conflicting.add(row, where, met, { harm })
      else {
        clean.add(row, where, met, { harm, isEqual: met.text === file.clean })
        gits.add(row, where, { text: file.clean, isOne: true, ms: 0 }, { harm: harmOf(file, file.clean) })
      }
    }
  }
  for (const tally of [clean, conflicting, gits]) tally.print()
}

function replayPulls(repositories: readonly string[]): void {
  const alike = new Tally('a commit pulled by two before they meet', 'as committed')
  const stepwise = new Tally('two commits pulled one by one by the one, at once by the other', 'as committed')
  for (const repository of repositories) {
    for (const { where, before, after, later } of pulledFiles(repository, MOST_PULLS)) {
      const add = (tally: Tally, met: Met, text: string): void =>
        tally.add(nameOf(repository), where, met, {
          isEqual: met.text === text,
          harm: harmOf({ base: before, ours: text, theirs: text, between: after }, met.text),
        })
      add(alike, meeting(before, [after], [after]), after)
      if (later !== undefined) add(stepwise, meeting(before, [after, later], [later]), later)
    }
  }
  for (const tally of [alike, stepwise]) tally.print()
}

/** The directory's name, or that of the one around it where it says nothing. */
function nameOf(repository: string): string {
  const path = resolve(repository).replace(/\/(?:\.git|repo)$/, '')
  return basename(path, '.git')
}
