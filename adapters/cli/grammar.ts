/** One command's grammar on commander: argv to what was given, or to its help. Only the command that was asked for is built. */
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { TaskError } from '../../src/internal.ts'
import type { Common, Given, LoadedCommand } from './command.ts'
import { parseActor } from './values.ts'

export interface Surroundings {
  readonly name: string
  readonly summary: string
  readonly cwd: string
  readonly json: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** Columns that help is wrapped at. */
  readonly width: number
}

export function parseArguments(
  loaded: LoadedCommand,
  args: readonly string[],
  surroundings: Surroundings,
): { readonly given: Given } | { readonly help: string } {
  const { name } = surroundings
  const command = buildGrammar(loaded, surroundings)
  const end = loaded.runs === true ? args.indexOf('--') : -1
  let help = ''
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
    writeErr: () => undefined,
    getOutHelpWidth: () => surroundings.width,
    getOutHasColors: () => false,
  })
  try {
    command.parse(end === -1 ? args : args.slice(0, end), { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.code === 'commander.helpDisplayed') return { help }
    throw new TaskError('USAGE', { problem: problemIn(thrown.message), command: name }, { cause: thrown })
  }
  const given = readGiven(command, loaded, surroundings)
  return { given: end === -1 ? given : { ...given, program: programIn(args.slice(end + 1), name) } }
}

/** The grammar alone, for completion too. */
export function buildGrammar(loaded: LoadedCommand, surroundings: Pick<Surroundings, 'name' | 'summary'>): Command {
  const { name, summary } = surroundings
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
  const command = new Command(`tide ${name}`)
    .description(loaded.about === undefined ? sentence : `${sentence}\n\n${loaded.about}`)
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .action(() => undefined)
  loaded.grammar(command)
  if (loaded.writes === true) command.option('--as <who>', 'who does this (default: $TIDEMARK_ACTOR)')
  command
    .option('--dir <path>', 'where to look for the workspace, upwards (default: here)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', () => examplesText(loaded))
  return command
}

/** For options that may be repeated: `.option('-l, --label <label>', '…', collect)`. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

function readGiven(command: Command, loaded: LoadedCommand, surroundings: Surroundings): Given {
  // Commander types option values as any: this is the parser that gives them types again.
  const values = command.opts<Record<string, unknown>>()
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    common: readCommon(text, loaded, surroundings),
    words: command.args,
    text,
    flag: (name) => values[name] === true,
    texts: (name) => {
      const value = values[name]
      return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
    },
  }
}

function readCommon(
  text: (name: string) => string | undefined,
  loaded: LoadedCommand,
  surroundings: Surroundings,
): Common {
  const { cwd, env, json, name } = surroundings
  const dir = text('dir')
  if (dir === '') throw new TaskError('USAGE', { problem: '--dir names no folder', command: name })
  const common = { dir: resolve(cwd, dir ?? '.'), json }
  // An empty variable is how a script says "none".
  const actor = loaded.writes === true ? (text('as') ?? (env['TIDEMARK_ACTOR'] || undefined)) : undefined
  return actor === undefined ? common : { ...common, actor: parseActor(actor) }
}

function programIn([name, ...args]: readonly string[], command: string): readonly [string, ...string[]] {
  if (name !== undefined && name !== '') return [name, ...args]
  throw new TaskError('USAGE', { problem: 'no program stands behind --', command })
}

/** `error: unknown option '--lable'\n(Did you mean --label?)` as one sentence of ours. */
function problemIn(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, ' (did you mean $1?)')
    .replace(/\.$/, '')
}

function examplesText({ examples }: LoadedCommand): string {
  const width = Math.max(...examples.map(([line]) => line.length))
  return ['\nExamples:', ...examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`)].join('\n')
}
