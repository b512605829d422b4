/** `tide comment`: words appended to a task. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { parseKey, refuse } from '../values.ts'

export interface CommentOptions extends Common {
  readonly key: string
  /** Nothing where it comes from standard input. */
  readonly text: string | undefined
}

export const command: CommandDescriptor<CommentOptions> = defineCommand<CommentOptions>({
  writes: true,
  about: 'Prints the id of the comment.',
  examples: [
    ['tide comment T-12 "Works on Linux now"', 'in quotes where it has spaces'],
    ['git log -1 | tide comment T-12 -', 'from standard input'],
  ],
  grammar(grammar) {
    grammar.argument('<key>', 'the task, as in T-12').argument('<text>', 'what to say; - reads standard input')
  },
  options({ common, words: [key, text] }) {
    if (text?.trim() === '') throw emptyComment()
    return { ...common, key: parseKey(key), text: text === '-' ? undefined : text }
  },
  async run(options, world) {
    // What a pipe sends ends with a line break that nobody wrote.
    const text = options.text ?? (await world.readInput()).replace(/\r?\n$/, '')
    if (text.trim() === '') throw emptyComment()
    const { comment, task } = await callWorkspace(options, world, 'task.comment', { key: options.key, text })
    if (options.json) return printJson(world, { comment, tasks: [task] })
    world.stdout.write(`${comment.id}\n`)
    say(options, world, `commented on ${task.key}`)
  },
})

function emptyComment(): Error {
  return refuse('text', 'there is nothing to say', 'give the words of the comment, or - for standard input')
}
