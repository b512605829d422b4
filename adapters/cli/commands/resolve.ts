/** `tide resolve`: one conflict settled, by one of its values or by a new one. */
import type { Json, Params } from '../../../src/internal.ts'
import { parseFreeValue } from '../assignments.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace } from '../io.ts'
import { printTasks } from '../rows.ts'
import { misuse, parseKey, parseKeyOrNone, parsePriority, quote, refuse } from '../values.ts'

export interface ResolveOptions extends Common {
  readonly resolve: Params<'conflict.resolve'>
}

export const command: CommandDescriptor<ResolveOptions> = defineCommand<ResolveOptions>({
  writes: true,
  about: 'Fields are named as tide conflicts names them. Values are written as for tide set.',
  examples: [
    ['tide conflicts T-12', 'shows the values and their numbers'],
    ['tide resolve T-12 status --take 1', 'number 1 it is'],
    ['tide resolve T-12 title --value "Fix the login"', 'neither: a new value'],
  ],
  grammar(grammar) {
    grammar
      .argument('<key>', 'the task, as in T-12')
      .argument('<field>', 'the field, as in status')
      .option('--take <n>', 'the value with this number; 0 is the one shown')
      .option('--value <value>', 'this value instead')
  },
  options({ common, words, text }) {
    const [key, field] = [parseKey(words[0]), parseField(words[1] ?? '')]
    const [take, value] = [text('take'), text('value')]
    if ((take === undefined) === (value === undefined))
      throw misuse('resolve', 'say either --take <n> or --value <value>')
    if (take === undefined) return { ...common, resolve: { key, field, value: parseValue(field, value ?? '') } }
    if (!/^\d{1,9}$/.test(take))
      throw refuse('take', `${quote(take)} is not the number of a value`, `see: tide conflicts ${key}`)
    return { ...common, resolve: { key, field, take: Number(take) } }
  },
  async run(options, world) {
    const { task } = await callWorkspace(options, world, 'conflict.resolve', options.resolve)
    await printTasks(options, world, [task])
  },
})

function parseField(text: string): string {
  const field = text.trim()
  if (field === '' || field.length > 200)
    throw refuse('field', `${quote(text)} is not a field`, 'fields stand in tide conflicts')
  return field
}

/** Sets have no conflicts: each element is there or it is not. */
function parseValue(field: string, text: string): Json {
  if (['title', 'status', 'body'].includes(field)) return text
  if (text === '') return null
  if (field === 'priority') return parsePriority(text)
  return field === 'parent' ? parseKeyOrNone(text) : parseFreeValue(text)
}
