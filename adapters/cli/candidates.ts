/** What could be typed next: commands, options, keys, and the values that fields have here. */
import { resolve } from 'node:path'
import type { Command, Option } from 'commander'
import { commandTable, type CommandEntry } from './command-table.ts'
import { buildGrammar } from './grammar.ts'
import { valuesOf, type Candidate } from './candidate-values.ts'
import type { CliWorld } from './world.ts'

/** Where the cursor is. */
interface Place {
  readonly entry: CommandEntry
  readonly grammar: Command
  /** Words after the command's name, without the one being typed. */
  readonly before: readonly string[]
  readonly current: string
  readonly dir: string
}

export async function candidatesFor(
  words: readonly string[],
  cwd: string,
  world: CliWorld,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const named = before.findIndex((word, index) => !word.startsWith('-') && before[index - 1] !== '--dir')
  const name = before[named]
  if (name === undefined || name === 'help')
    return startingWith(current, current.startsWith('-') ? globalOptions : commandNames())
  const entry = commandTable.find((candidate) => candidate.name === name)
  if (entry === undefined) return []
  const { command } = await entry.load()
  // Behind -- stands somebody else's command.
  if (command.runs === true && before.includes('--')) return []
  const after = before.slice(named + 1)
  const dir = resolve(cwd, dirIn(before) ?? '.')
  return inCommand({ entry, grammar: buildGrammar(command, entry), before: after, current, dir }, world)
}

const globalOptions: readonly Candidate[] = [
  { value: '--help', about: 'help on tide' },
  { value: '--version', about: 'print the version' },
  { value: '--dir', about: 'where to look for the workspace' },
  { value: '--json', about: 'print one JSON document' },
]

function commandNames(): readonly Candidate[] {
  const commands = commandTable.flatMap(({ name, summary, group }) =>
    group === undefined ? [] : [{ value: name, about: summary }],
  )
  return [...commands, { value: 'help', about: 'help on a command' }]
}

async function inCommand(place: Place, world: CliWorld): Promise<readonly Candidate[]> {
  const { grammar, before, current } = place
  const waiting = before.includes('--') ? undefined : optionNamed(grammar, before.at(-1))
  if (waiting?.required === true) return startingWith(current, await optionValues(waiting, place, world))
  const equals = /^(--[a-z-]+=)/.exec(current)?.[1]
  if (equals !== undefined) {
    const option = optionNamed(grammar, equals.slice(0, -1))
    const values = option === undefined ? [] : await optionValues(option, place, world)
    return startingWith(
      current,
      values.map(({ value, about }) => ({ value: equals + value, about })),
    )
  }
  if (current.startsWith('-') && !before.includes('--')) return startingWith(current, optionsOf(grammar))
  return startingWith(current, await argumentValues(place, world))
}

async function optionValues(option: Option, { entry, dir }: Place, world: CliWorld): Promise<readonly Candidate[]> {
  const kind = /<(.+?)(?:\.\.\.)?>/.exec(option.flags)?.[1] ?? ''
  return valuesOf(kind, { command: entry.name, words: [], current: '', dir }, world)
}

async function argumentValues(
  { entry, grammar, before, current, dir }: Place,
  world: CliWorld,
): Promise<readonly Candidate[]> {
  const words = before.filter(
    (word, index) => !word.startsWith('-') && optionNamed(grammar, before[index - 1])?.required !== true,
  )
  const known = grammar.registeredArguments
  const argument = known[words.length] ?? (known.at(-1)?.variadic === true ? known.at(-1) : undefined)
  return argument === undefined ? [] : valuesOf(argument.name(), { command: entry.name, words, current, dir }, world)
}

function optionsOf(grammar: Command): readonly Candidate[] {
  const options = grammar.options.flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ value: long, about: description }],
  )
  return [...options, { value: '--help', about: 'show help' }]
}

function optionNamed(grammar: Command, word: string | undefined): Option | undefined {
  return word?.startsWith('-') === true
    ? grammar.options.find((option) => option.long === word || option.short === word)
    : undefined
}

function startingWith(prefix: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(prefix))
}

function dirIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--dir')
  return at === -1 ? words.findLast((word) => word.startsWith('--dir='))?.slice('--dir='.length) : words[at + 1]
}
