/** The options that narrow a list, as the filter that the workspace understands. Options not given are left out. */
import type { TaskFilter } from '../../src/internal.ts'
import type { Given } from './command.ts'
import { parseCount, parseList, refuse } from './values.ts'

export function parseFilter(given: Given): TaskFilter {
  const status = parseNames('status', given)
  const label = parseNames('label', given)
  const assignee = given.text('assignee')?.trim()
  const limit = parseCount('limit', given.text('limit'))
  if (assignee === '') throw refuse('assignee', 'it is empty', 'name who works on it, as in --assignee sara')
  return {
    ...(status.length > 0 && { status }),
    ...(label.length > 0 && { label }),
    ...(assignee !== undefined && { assignee }),
    ...(given.flag('ready') && { ready: true }),
    ...(given.flag('all') && { all: true }),
    ...(limit !== undefined && { limit }),
  }
}

/** An option that was given but names nothing would list everything: the opposite of what was asked. */
export function parseNames(option: string, given: Given): readonly string[] {
  const names = parseList(given.texts(option))
  if (names.length === 0 && given.texts(option).length > 0)
    throw refuse(option, 'it is empty', `name one, as in --${option} web`)
  return names
}
