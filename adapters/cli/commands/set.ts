/** `tide set`: the same change of fields to one or several tasks. */
import type { TaskChanges } from '../../../src/internal.ts'
import { parseAssignment } from '../assignments.ts'
import { collectChanges } from '../changes.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace } from '../io.ts'
import { printWritten, tokenGrammar } from '../keys.ts'
import { misuse, parseKeys, parseToken, quote } from '../values.ts'

export interface SetOptions extends Common {
  readonly keys: readonly string[]
  readonly changes: TaskChanges
  readonly bodyFromInput: boolean
  readonly token?: number
}

export const command: CommandDescriptor<SetOptions> = defineCommand<SetOptions>({
  writes: true,
  about: `Keys come first, then assignments; the first word with an = ends the keys.

  field=value   sets a field; field= unsets it
  labels+=a,b   adds to a set: labels, assignees or depends
  labels-=a,b   takes out of a set
  body=-        reads the body from standard input

Fields: title, status, priority, labels, assignees, depends, parent, body.
Any other name is a field of your own. Its value is JSON where it reads as a
number, true, false, null, a list or an object; else it is text. A number that
would not print as typed (1.50) stays text, and JSON quotes make text of
anything: size='"5"'. null unsets, like an empty value.`,
  examples: [
    ['tide set T-12 status=review', 'one field'],
    ['tide set T-12 T-13 priority=high labels+=web,auth', 'two tasks, two fields'],
    ['tide set T-12 labels-=old depends+=T-3', 'out of one set, into another'],
    ['tide set T-12 parent= due=2026-12-01', 'no parent any more; a field of your own'],
    ['tide set T-12 body=- < notes.md', 'the body from standard input'],
  ],
  grammar(grammar) {
    tokenGrammar(grammar)
      .usage('[options] <key...> <field=value...>')
      .argument('<change...>', 'keys, then assignments: T-12 T-13 field=value')
  },
  options({ common, words, text }) {
    const first = words.findIndex((word) => word.includes('='))
    if (first === -1) throw misuse('set', 'no assignment was given: write field=value after the keys')
    if (first === 0) throw misuse('set', `no task was named before ${quote(words[0] ?? '')}: keys come first`)
    const stray = words.slice(first).find((word) => !word.includes('='))
    if (stray !== undefined) throw misuse('set', `${quote(stray)} is no assignment: keys come first, then field=value`)
    const changes = collectChanges()
    for (const word of words.slice(first)) changes.put(parseAssignment(word))
    const keys = parseKeys(words.slice(0, first))
    const token = parseToken('set', text('token'), keys)
    return { ...common, keys, ...changes.collected(), ...(token !== undefined && { token }) }
  },
  async run(options, world) {
    const body = options.bodyFromInput ? { body: await world.readInput() } : {}
    const changes = { ...options.changes, ...body }
    const { keys, token } = options
    const params = { keys, changes, ...(token !== undefined && { token }) }
    return printWritten(options, world, await callWorkspace(options, world, 'tasks.update', params))
  },
})
