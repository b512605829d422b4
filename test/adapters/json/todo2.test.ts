/** Todo2's state.todo2.json: the laws of every format, the strange files as input and expected, and how new todos are counted. */
import { describe, expect, it } from 'vitest'
import { todo2Format } from '../../../adapters/json/todo2.ts'
import type { TaskSheet } from '../../../src/internal.ts'
import { creating } from '../../conformance/format-creating.ts'
import { patchingFields, patchingSetsAndBodies } from '../../conformance/format-patching.ts'
import { reading } from '../../conformance/format-reading.ts'
import { severalTasks } from '../../conformance/format-several.ts'
import type { Suite, TaskPart } from '../../conformance/format-suite.ts'
import { changeOf, createdIn, fixturesIn, samplesOf, saysOf } from './fixtures.ts'
import { withoutKeys } from './views.ts'

const path = '.todo2/state.todo2.json'
const format = todo2Format()
const fixtures = fixturesIn('todo2')
const samples = samplesOf(fixtures, path)

function holds(_path: string, part: TaskPart): boolean {
  if ('id' in part || 'key' in part) return false
  if (!('field' in part)) return true
  if (part.field === 'created') return typeof part.value === 'string'
  if (part.field !== 'title' && part.field !== 'status') return true
  return typeof part.value === 'string' && part.value.trim() !== ''
}

const suite: Suite = {
  format: withoutKeys(format),
  samples,
  texts: ['title', 'status', 'parent', 'created', 'note'],
  values: ['estimate'],
  sets: ['labels', 'depends', 'assignees'],
  holds,
  holdsSeveral: () => true,
  runs: 50,
}

describe('format: todo2', () => {
  reading(suite)
  patchingFields(suite)
  patchingSetsAndBodies(suite)
  severalTasks(suite)
})

describe('format: todo2, files that count nothing', () => {
  // Where a file counts its todos the count goes on with a new one, beside the place where that comes in.
  creating({ ...suite, samples: samples.filter(({ text }) => !text.includes('nextTaskNumber')) })
})

describe('strange files of Todo2', () => {
  it('[F12] there are enough of them', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(30)
  })

  it.each(fixtures)('[F12] $name says what is expected', ({ text, expected }) => {
    expect(saysOf(format, path, text)).toEqual({ says: expected.says, problems: expected.problems })
  })

  it.each(fixtures)(
    '[F13] patches of $name change what is expected, and a new task adds that',
    ({ text, expected }) => {
      for (const { patch, change } of expected.patches)
        expect(changeOf(text, format.patch(path, text, [patch]))).toBe(change)
      expect(createdIn(format, path, text)).toBe(expected.created)
    },
  )
})

describe('todos in state.todo2.json', () => {
  const textOf = (name: string): string => fixtures.find((fixture) => fixture.name === name)?.text ?? ''
  const sheet: TaskSheet = { id: 'a', key: 'T-9', fields: { title: 'New' }, sets: {}, body: '', shape: null }
  const madeIn = (text: string): { todos: { id: string }[]; nextTaskNumber?: unknown; comments?: unknown } => {
    const folder = { isTaken: () => true, text: () => text }
    return JSON.parse((format.create(sheet, folder)[0]?.text ?? '').replace(/^\ufeff/, ''))
  }

  it('[F33] a new one gets a number beyond all that were given, and the counter goes on', () => {
    const counted = (name: string): readonly unknown[] => {
      const { todos, nextTaskNumber } = madeIn(textOf(name))
      return [todos.at(-1), nextTaskNumber]
    }
    const other = { status: 'Todo', tags: [], dependencies: [] }
    expect(counted('the-extension')).toEqual([{ id: 'T-4', name: 'New', taskNumber: 4, ...other }, 5])
    expect(counted('counter-behind')).toEqual([{ id: 'T-10', name: 'New', taskNumber: 10, ...other }, 11])
    expect(counted('counter-of-no-use')).toEqual([{ id: 'T-8', name: 'New', taskNumber: 8, ...other }, 'many'])
    expect(counted('other-programs')).toEqual([{ id: 'T-3', content: 'New', ...other }, undefined])
  })

  it('[F33] comments and activities keep every byte', () => {
    for (const name of ['the-extension', 'comments-before']) {
      const text = textOf(name)
      const patched = format.patch(path, text, [
        { task: 0, fields: { title: 'Other', status: 'Review' }, sets: { labels: ['a'] }, body: 'Other\n' },
        { task: 1, remove: true },
      ])
      for (const part of ['comments', 'activities']) {
        const [, before = 'none'] = new RegExp(`("${part}": \\[[^]*?\\n  \\])`).exec(text) ?? []
        expect(patched).toContain(before)
      }
      expect(madeIn(text).comments).toEqual(JSON.parse(text).comments)
    }
  })
})
