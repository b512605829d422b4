/** `tide add`: a new task; its key is the result. */
import type { NewTask } from '../../../src/internal.ts'
import { parseAssignment, type Operator } from '../assignments.ts'
import { collectChanges } from '../changes.ts'
import { defineCommand, type CommandDescriptor, type Common, type Given } from '../command.ts'
import { collect } from '../grammar.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { refuse } from '../values.ts'

export interface AddOptions extends Common {
  readonly task: NewTask
  readonly bodyFromInput: boolean
}

export const command: CommandDescriptor<AddOptions> = defineCommand<AddOptions>({
  writes: true,
  about:
    'Labels, people and dependencies may be repeated or separated by commas. --set takes any field, as `tide set` does.',
  examples: [
    ['tide add "Fix login" -p high -l web', 'prints the key, as in T-12'],
    ['tide add "Ship it" --depends T-12,T-13', 'ready when both are done'],
    ['tide add "Write it up" --body - < notes.md', 'the body from standard input'],
    ['tide add "Pay the bill" --set due=2026-12-01', 'a field of your own'],
  ],
  grammar(grammar) {
    grammar
      .argument('<title>', 'one line; in quotes where it has spaces')
      .option('-p, --priority <priority>', 'low, medium, high or critical')
      .option('-l, --label <label>', 'a label; may be repeated', collect)
      .option('-a, --assignee <who>', 'who works on it; may be repeated', collect)
      .option('--depends <key>', 'what must be done before; may be repeated', collect)
      .option('--parent <key>', 'the task that it is a part of')
      .option('--status <status>', 'where it begins (default: the first open status)')
      .option('--body <text>', 'what it is about; - reads standard input')
      .option('--set <field=value>', 'any other field; may be repeated', collect)
  },
  options(given) {
    const { fields, bodyFromInput } = collectTask(given).forNewTask()
    return { ...given.common, task: { ...fields, title: fields.title ?? '' }, bodyFromInput }
  },
  async run(options, world) {
    const body = options.bodyFromInput ? { body: await world.readInput() } : {}
    const { task } = await callWorkspace(options, world, 'task.create', { ...options.task, ...body })
    if (options.json) return printJson(world, { task })
    world.stdout.write(`${task.key}\n`)
    if (world.stderr.isTerminal) say(options, world, `added ${(await import('../width.ts')).printable(task.title)}`)
  },
})

function collectTask({ words, text, texts }: Given): ReturnType<typeof collectChanges> {
  const changes = collectChanges()
  const put = (name: string, operator: Operator, value: string | undefined): void => {
    if (value !== undefined) changes.put({ name, operator, value })
  }
  put('title', '=', words[0])
  for (const name of ['priority', 'parent', 'status'] as const) {
    if (text(name) === '') throw refuse(name, 'it is empty', `leave --${name} out, or give it a value`)
    put(name, '=', text(name))
  }
  put('body', '=', text('body'))
  for (const label of texts('label')) put('labels', '+=', label)
  for (const who of texts('assignee')) put('assignees', '+=', who)
  for (const key of texts('depends')) put('depends', '+=', key)
  for (const assignment of texts('set')) changes.put(parseAssignment(assignment))
  return changes
}
