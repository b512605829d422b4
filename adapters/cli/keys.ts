/** Commands that do one thing to several tasks: their grammar, their options, and the answer they print. */
import type { Command } from 'commander'
import type { TaskView } from '../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type CommandParts, type Common, type Given } from './command.ts'
import { callWorkspace, say } from './io.ts'
import { printTasks } from './rows.ts'
import { parseKeys } from './values.ts'

export interface KeysOptions extends Common {
  readonly keys: readonly string[]
}

type Help = Pick<CommandParts<KeysOptions>, 'about' | 'examples'>

/** `start`, `done`, `drop`, `reopen`: to the first status of that kind. */
export function transitionCommand(
  to: 'active' | 'done' | 'dropped' | 'open',
  help: Help,
): CommandDescriptor<KeysOptions> {
  return keysCommand(help, async (options, world) => {
    const { tasks } = await callWorkspace(options, world, 'tasks.transition', { keys: options.keys, to })
    await printTasks(options, world, tasks)
  })
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
