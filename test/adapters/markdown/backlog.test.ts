/** The format of Backlog.md: the port's conformance, and the strange files as input and expected. */
import { describe, expect, it } from 'vitest'
import { usualConfig } from '../../../adapters/markdown/backlog-config.ts'
import { backlogFormat } from '../../../adapters/markdown/backlog.ts'
import { formatConformance } from '../../conformance/format.ts'
import { backlogFixtures, backlogHolds, saidIn } from './backlog-fixtures.ts'
import { lineChanges } from './fixtures.ts'

const format = backlogFormat({ folder: 'backlog', config: usualConfig })
const fixtures = backlogFixtures()

formatConformance(
  'backlog',
  format,
  fixtures.map(({ path, text }) => ({ path, text })),
  {
    texts: ['title', 'status', 'note', 'priority', 'parent', 'due', 'file.status', 'file.due'],
    values: ['estimate', 'ordinal'],
    sets: ['labels', 'assignees', 'depends'],
    holds: backlogHolds,
    runs: 120,
  },
)

describe('files of Backlog.md', () => {
  it.each(fixtures)('[F12] $name says what is expected', ({ path, text, expected }) => {
    expect(format.covers(path)).toBe(true)
    expect(saidIn(format, path, text)).toEqual(expected.says)
    const { tasks, problems } = format.parse(path, text)
    expect(tasks.map(({ shape, span }) => ({ shape, span }))).toEqual([
      { shape: expected.shape, span: { start: 0, end: text.length } },
    ])
    expect(
      problems.map(
        ({ line, code, field, message }) => `${line} ${code}${field === undefined ? '' : ` ${field}`}: ${message}`,
      ),
    ).toEqual(expected.problems)
  })

  it.each(fixtures)('[F13] patches of $name change the expected lines and no others', ({ path, text, expected }) => {
    for (const { patch, lines } of expected.patches)
      expect(lineChanges(text, format.patch(path, text, [{ task: 0, ...patch }]))).toEqual(lines)
  })
})
