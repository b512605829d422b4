/** One call of the whole program on a small world, and one of a command's grammar alone. */
import { commandTable } from '../../../adapters/cli/command-table.ts'
import type { CommandParts } from '../../../adapters/cli/command.ts'
import { parseArguments } from '../../../adapters/cli/grammar.ts'
import { runProgram } from '../../../adapters/cli/program.ts'
import { asTaskError, type TaskError } from '../../../src/internal.ts'
import { FakeWorld, type FakeOptions } from './fake-world.ts'

export async function tide(
  args: readonly string[],
  options: FakeOptions = {},
): Promise<FakeWorld & { readonly exit: number }> {
  const world = new FakeWorld(args, options)
  const exit = await runProgram(world)
  return Object.assign(world, { exit })
}

/** What argv means to a command; or the help it asked for. */
export async function optionsOf(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const entry = commandTable.find((candidate) => candidate.name === name)
  if (entry === undefined) throw new Error(`no command ${name}`)
  const { command } = (await entry.load()) as {
    command: CommandParts<unknown> & Awaited<ReturnType<typeof entry.load>>['command']
  }
  const parsed = parseArguments(command, args, {
    name,
    summary: entry.summary,
    cwd: '/shop',
    json: false,
    env,
    width: 80,
  })
  return 'help' in parsed ? parsed.help : command.options(parsed.given)
}

/** How a command refuses argv. */
export async function refusalOf(name: string, args: readonly string[]): Promise<TaskError> {
  try {
    await optionsOf(name, args)
  } catch (thrown) {
    return asTaskError(thrown)
  }
  throw new Error(`tide ${name} ${args.join(' ')} was not refused`)
}
