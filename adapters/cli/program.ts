/** The command line as a function: arguments and a world in, an exit code out. It never throws and never ends the process. */
import { TaskError } from '../../src/internal.ts'
import { commandTable, type CommandEntry } from './command-table.ts'
import { parseArguments } from './grammar.ts'
import { printJson } from './io.ts'
import type { CliWorld } from './world.ts'

/** One call, before it is known what the command takes. */
interface Call {
  readonly json: boolean
  readonly name: string | undefined
  readonly args: readonly string[]
}

export async function runProgram(world: CliWorld): Promise<number> {
  const call = readCall(world.args)
  try {
    return await dispatch(call, world)
  } catch (thrown) {
    const { reportFailure } = await import('./failure.ts')
    return reportFailure(thrown, call.json, world)
  }
}

/**
 * `--json` counts wherever it stands before a `--`, even where another option lacks its value: whoever asked for JSON gets JSON.
 * Options before the command's name belong to the command, as in `tide --dir there list`.
 */
function readCall(argv: readonly string[]): Call {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const args = argv.filter((word, index) => index >= end || word !== '--json')
  const json = args.length < argv.length
  let at = 0
  for (let word = args[at]; word?.startsWith('-') === true && word !== '--'; word = args[at]) {
    at += word === '--dir' || word === '--as' ? 2 : 1
  }
  return { json, name: args[at], args: [...args.slice(0, at), ...args.slice(at + 1)] }
}

async function dispatch({ json, name, args }: Call, world: CliWorld): Promise<number> {
  // `tide sync server …` is `tide server …`.
  if (name === 'sync' && args[0] === 'server') return dispatch({ json, name: 'server', args: args.slice(1) }, world)
  if (name === undefined) return withoutCommand(args, json, world)
  if (name === 'help') return helpOn(args, json, world)
  const entry = commandTable.find((candidate) => candidate.name === name)
  if (entry === undefined) throw await unknownCommand(name)
  return runCommand(entry, args, json, world)
}

async function runCommand(
  entry: CommandEntry,
  args: readonly string[],
  json: boolean,
  world: CliWorld,
): Promise<number> {
  const { command } = await entry.load()
  const { cwd, env } = world
  const { name, summary } = entry
  const parsed = parseArguments(command, args, { name, summary, cwd, env, json, width: helpWidth(world) })
  if ('given' in parsed) return (await command.start(parsed.given, world)) ?? 0
  printText(parsed.help, 'help', json, world)
  return 0
}

async function withoutCommand(args: readonly string[], json: boolean, world: CliWorld): Promise<number> {
  if (args.includes('--version') || args.includes('-V')) {
    printText(`${world.version}\n`, 'version', json, world)
    return 0
  }
  const odd = args.find((word, index) => !['--help', '-h', '--', '--dir'].includes(word) && args[index - 1] !== '--dir')
  if (odd !== undefined)
    throw new TaskError('USAGE', { problem: `there is no option ${odd} without a command`, command: '' })
  const { programHelp } = await import('./help.ts')
  printText(programHelp(helpWidth(world)), 'help', json, world)
  return 0
}

async function helpOn(args: readonly string[], json: boolean, world: CliWorld): Promise<number> {
  const topic = args.find((word) => !word.startsWith('-') && word !== 'help')
  if (topic === undefined) return withoutCommand([], json, world)
  return dispatch({ json, name: topic, args: ['--help'] }, world)
}

async function unknownCommand(name: string): Promise<TaskError> {
  const [{ nearest }, { quote }] = await Promise.all([import('./nearest.ts'), import('./values.ts')])
  const near = nearest(
    name,
    commandTable.filter((entry) => entry.group !== undefined).map((entry) => entry.name),
  )
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`
  return new TaskError('USAGE', { problem: `there is no command ${quote(name)}${meant}`, command: near ?? '' })
}

/** Text that is the result itself; with `--json` the same inside a document. */
function printText(text: string, name: string, json: boolean, world: CliWorld): void {
  if (json) printJson(world, { [name]: text.trimEnd() })
  else world.stdout.write(text)
}

/** On a pipe the same every time, unless COLUMNS says otherwise. */
function helpWidth({ stdout, env }: CliWorld): number {
  const columns = stdout.isTerminal ? stdout.columns : Number(env['COLUMNS'])
  return columns >= 40 && columns <= 1000 ? Math.min(Math.floor(columns), 120) : 80
}
