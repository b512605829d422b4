/** What a command is: the words it takes, the options they mean, and what it does with them in a world. */
import type { Command } from 'commander'
import type { CliWorld } from './world.ts'

/** What every command is told. */
export interface Common {
  /** Absolute: where the search for a workspace begins. */
  readonly dir: string
  readonly json: boolean
  /** Only for commands that write. */
  readonly actor?: string
}

/** The words of one call after the grammar took them apart, before a command gave them a meaning. */
export interface Given {
  readonly common: Common
  /** Arguments in order, options taken out. */
  readonly words: readonly string[]
  readonly flag: (name: string) => boolean
  readonly text: (name: string) => string | undefined
  /** All values of an option that may be repeated. */
  readonly texts: (name: string) => readonly string[]
  /** The program behind `--` with its arguments, where the command runs one and one was named. */
  readonly program?: readonly [name: string, ...args: string[]]
}

export type Example = readonly [command: string, meaning: string]

interface CommandHelp {
  /** Shown by `--help` below the summary. */
  readonly about?: string
  readonly examples: readonly Example[]
  /** A command that changes tasks takes `--as <who>`. @default false */
  readonly writes?: boolean
  /** What stands behind `--` is a program to run, not arguments. @default false */
  readonly runs?: boolean
  /** Adds arguments and options; `--dir`, `--json`, `--as` and `--help` are there already. */
  readonly grammar: (command: Command) => void
}

/** A command whose options are its own business: what the program runs. */
export interface LoadedCommand extends CommandHelp {
  readonly start: (given: Given, world: CliWorld) => Promise<number | void>
}

/** The two halves, which are tested apart: `options` knows no world, `run` knows no argv. */
export interface CommandParts<Options> extends CommandHelp {
  readonly options: (given: Given) => Options
  /** Answers with the exit code, where it is not 0. */
  readonly run: (options: Options, world: CliWorld) => Promise<number | void>
}

export type CommandDescriptor<Options> = CommandParts<Options> & LoadedCommand

export function defineCommand<Options>(parts: CommandParts<Options>): CommandDescriptor<Options> {
  return { ...parts, start: (given, world) => parts.run(parts.options(given), world) }
}
