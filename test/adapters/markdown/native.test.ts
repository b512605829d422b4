/** The native format: the port's conformance, and the strange files as input and expected. */
import { describe, expect, it } from 'vitest'
import { nativeFormat } from '../../../adapters/markdown/native.ts'
import { formatConformance } from '../../conformance/format.ts'
import { fixturesIn, lineChanges } from './fixtures.ts'

const format = nativeFormat({ folder: 'tasks' })
const fixtures = fixturesIn('native')

formatConformance(
  'native',
  format,
  fixtures.map(({ name, text }) => ({ path: `tasks/${name}.md`, text })),
)

describe('native files', () => {
  it.each(fixtures)('[F12] $name says what is expected', ({ name, text, expected }) => {
    const { tasks, problems } = format.parse(`tasks/${name}.md`, text)
    const [task] = tasks
    if (task === undefined) throw new Error('a native file holds one task')
    const { shape, span, ...says } = task
    expect({ says, shape, span }).toEqual({
      says: expected.says,
      shape: expected.shape,
      span: { start: 0, end: text.length },
    })
    expect(
      problems.map(
        ({ line, code, field, message }) => `${line} ${code}${field === undefined ? '' : ` ${field}`}: ${message}`,
      ),
    ).toEqual(expected.problems)
  })

  it.each(fixtures)('[F13] patches of $name change the expected lines and no others', ({ name, text, expected }) => {
    for (const { patch, lines } of expected.patches) {
      const patched = format.patch(`tasks/${name}.md`, text, [{ task: 0, ...patch }])
      expect(lineChanges(text, patched)).toEqual(lines)
    }
  })
})
