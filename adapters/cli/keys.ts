/** Commands that do one thing to several tasks: their grammar, their options, and the answer they print. */
import type { Command } from 'commander'
import type { Result, TaskView } from '../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type CommandParts, type Common, type Given } from './command.ts'
import { callWorkspace, printJson, say } from './io.ts'
import { printTasks } from './rows.ts'
import { parseKeys, parseToken } from './values.ts'
import type { CliWorld } from './world.ts'

export interface KeysOptions extends Common {
  readonly keys: readonly string[]
}

/** It is saved here, and done when the relay can be reached. */
const WAITING_EXIT = 5

type Help = Pick<CommandParts<KeysOptions>, 'about' | 'examples'>

export interface TransitionOptions extends KeysOptions {
  readonly token?: number
}

/** `done` and `drop`: to the first status of that kind, and the claim ends with it. */
export function closingCommand(name: string, to: 'done' | 'dropped', help: Help): CommandDescriptor<TransitionOptions> {
  return defineCommand<TransitionOptions>({
    ...help,
    writes: true,
    grammar(command) {
      keysGrammar(command)
      tokenGrammar(command)
    },
    options(given) {
      const options = keysOptions(given)
      const token = parseToken(name, given.text('token'), options.keys)
      return token === undefined ? options : { ...options, token }
    },
    run: (options, world) => transition(options, world, to),
  })
}

/** `reopen`: to the first status of that kind. */
export function openingCommand(help: Help): CommandDescriptor<KeysOptions> {
  return keysCommand(help, (options, world) => transition(options, world, 'open'))
}

async function transition(
  options: TransitionOptions,
  world: CliWorld,
  to: 'done' | 'dropped' | 'open',
): Promise<number | void> {
  const { keys, token } = options
  const params = { keys, to, ...(token !== undefined && { token }) }
  return printWritten(options, world, await callWorkspace(options, world, 'tasks.transition', params))
}

/** A write with a token waits where the relay cannot be asked whether that is still the last one. */
export async function printWritten(
  options: Common,
  world: CliWorld,
  { tasks, waiting = [] }: Result<'tasks.update'>,
): Promise<number | void> {
  if (waiting.length === 0) return printTasks(options, world, tasks)
  if (options.json) printJson(world, { tasks, waiting })
  else world.stderr.write(`tide: not written yet: ${waiting.join(', ')}: the relay has to confirm the token first\n`)
  return WAITING_EXIT
}

export function tokenGrammar(command: Command): Command {
  return command.option('--token <n>', 'only if no greater token was granted for the task since')
}

/** `delete` and `restore`. */
export function presenceCommand(
  method: 'tasks.delete' | 'tasks.restore',
  words: (tasks: readonly TaskView[]) => string,
  help: Help,
): CommandDescriptor<KeysOptions> {
  return keysCommand(help, async (options, world) => {
    const { tasks } = await callWorkspace(options, world, method, { keys: options.keys })
    await printTasks(options, world, tasks)
    say(options, world, words(tasks))
  })
}

export function keysGrammar(command: Command): void {
  command.argument('<key...>', 'one or several tasks, as in T-12')
}

export function keysOptions(given: Given): KeysOptions {
  return { ...given.common, keys: parseKeys(given.words) }
}

function keysCommand(help: Help, run: CommandParts<KeysOptions>['run']): CommandDescriptor<KeysOptions> {
  return defineCommand<KeysOptions>({ ...help, writes: true, grammar: keysGrammar, options: keysOptions, run })
}
