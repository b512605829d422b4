/** task-master's tasks.json: the laws of every format, the strange files as input and expected, and where new tasks come. */
import { describe, expect, it } from 'vitest'
import { taskmasterFormat } from '../../../adapters/json/taskmaster.ts'
import type { TaskSheet } from '../../../src/internal.ts'
import { formatConformance } from '../../conformance/format.ts'
import { patchingFields, patchingSetsAndBodies } from '../../conformance/format-patching.ts'
import { reading } from '../../conformance/format-reading.ts'
import { severalTasks } from '../../conformance/format-several.ts'
import type { Suite, TaskPart } from '../../conformance/format-suite.ts'
import { changeOf, createdIn, fixturesIn, samplesOf, saysOf } from './fixtures.ts'
import { isAround, isInside, viewOf, withoutKeys } from './views.ts'

const path = '.taskmaster/tasks/tasks.json'
const format = taskmasterFormat()
const fixtures = fixturesIn('taskmaster')
/** Where it stands makes no difference to a text; here it tells those with tags of their own, where numbers mean others. */
const tagged = '.taskmaster/tasks/tagged.json'
const samples = samplesOf(fixtures, path).map((sample) => {
  const { tasks } = format.parse(path, sample.text)
  const isTagged = tasks.length > 0 && tasks.every(({ fields }) => fields['tag'] !== undefined)
  return isTagged ? { ...sample, path: tagged } : sample
})
const isFlat = (text: string): boolean => format.parse(path, text).tasks.every((task, _, all) => !isAround(task, all))
const flat = samples.filter(({ text }) => isFlat(text))
const nested = samples.filter(({ text }) => !isFlat(text))

const statuses = ['pending', 'in-progress', 'done', 'deferred', 'cancelled', 'blocked', 'review']
const priorities = ['low', 'medium', 'high', 'critical']

/** task-master refuses a list with anything else in it. */
function holds(at: string, part: TaskPart): boolean {
  if ('set' in part && part.set === 'depends' && at === tagged)
    return !part.elements.some((name) => /^\d+(?:\.\d+)*$/.test(name))
  if ('id' in part || 'key' in part) return false
  if (!('field' in part)) return true
  const { field, value } = part
  if (field === 'title' || field === 'description') return typeof value === 'string' && value.trim() !== ''
  if (field === 'status') return typeof value === 'string' && statuses.includes(value)
  if (field === 'priority') return typeof value === 'string' && priorities.includes(value)
  return field !== 'parent' && field !== 'tag'
}

const options = {
  texts: ['title', 'status', 'testStrategy', 'note'],
  sets: ['labels', 'depends', 'assignees'],
  holds,
  runs: 50,
}
formatConformance('taskmaster, without subtasks', withoutKeys(format), flat, { ...options, holdsSeveral: () => true })

/** In a subtask a small number is a sibling's. */
const holdsInside = (at: string, part: TaskPart): boolean =>
  holds(at, part) &&
  !('set' in part && part.set === 'depends' && part.elements.some((name) => /^(?:0|[1-9]\d?)$/.test(name)))
const suiteOf = (more: Pick<Suite, 'format' | 'holds' | 'holdsSeveral'>): Suite => ({
  ...options,
  samples: nested,
  values: ['estimate'],
  ...more,
})

describe('format: taskmaster, the subtasks', () => {
  const suite = suiteOf({ format: viewOf(format, isInside), holds: holdsInside, holdsSeveral: () => true })
  reading(suite)
  patchingFields(suite)
  patchingSetsAndBodies(suite)
  severalTasks(suite)
})

describe('format: taskmaster, tasks with subtasks', () => {
  const suite = suiteOf({ format: viewOf(format, isAround), holds, holdsSeveral: () => false })
  reading(suite)
  patchingFields(suite)
  patchingSetsAndBodies(suite)
  severalTasks(suite)
})

describe('strange files of task-master', () => {
  it('[F12] there are enough of them', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(30)
    expect(flat.length).toBeGreaterThanOrEqual(25)
    expect(nested.length).toBeGreaterThanOrEqual(6)
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

describe('tasks in tasks.json', () => {
  const text = fixtures.find(({ name }) => name === 'tags-and-subtasks')?.text ?? ''
  const sheet: TaskSheet = { id: 'a', key: 'T-9', fields: { title: 'New' }, sets: {}, body: '', shape: null }
  const madeIn = (there: string, fields: TaskSheet['fields'], sets: TaskSheet['sets'] = {}): string => {
    const folder = { isTaken: () => true, text: () => there }
    return format.create({ ...sheet, fields: { ...sheet.fields, ...fields }, sets }, folder)[0]?.text ?? ''
  }
  const newIn = (there: string, fields: TaskSheet['fields'], sets: TaskSheet['sets'] = {}): unknown => {
    const old = format.parse(path, there).tasks.map(({ key }) => key)
    return format
      .parse(path, madeIn(there, fields, sets))
      .tasks.filter(({ key }) => !old.includes(key))
      .map(({ key, fields: said, sets: listed }) => ({ key, parent: said['parent'], depends: listed['depends'] }))
  }

  it('[F33] a new one gets the next number of its tag, or of its parent', () => {
    expect(newIn(text, {}, { depends: ['3', '1.2'] })).toEqual([
      { key: '105', parent: undefined, depends: ['3', '1.2'] },
    ])
    expect(newIn(text, { tag: 'feature-auth' }, { depends: ['feature-auth/2'] })).toEqual([
      { key: 'feature-auth/3', parent: undefined, depends: ['feature-auth/2'] },
    ])
    expect(newIn(text, { tag: 'later' })).toEqual([{ key: 'later/1', parent: undefined, depends: [] }])
    expect(newIn(text, { parent: '1' }, { depends: ['1.2', '104'] })).toEqual([
      { key: '1.3', parent: '1', depends: ['1.2', '104'] },
    ])
    expect(newIn(text, { parent: 'feature-auth/2' })).toEqual([
      { key: 'feature-auth/2.1', parent: 'feature-auth/2', depends: [] },
    ])
  })

  it('[F33] a new one has all that task-master refuses a list without', () => {
    const made: { master: { tasks: unknown[] } } = JSON.parse(madeIn('{}', {}))
    expect(made.master.tasks).toEqual([
      {
        id: 1,
        title: 'New',
        description: 'New',
        status: 'pending',
        dependencies: [],
        priority: 'medium',
        subtasks: [],
      },
    ])
  })

  it('[F33] what stands where its tag would be, and is none, is left alone', () => {
    const there = fixtures.find(({ name }) => name === 'odd-tags')?.text ?? ''
    expect(madeIn(there, { tag: 'currentTag' })).toBe('')
    expect(madeIn(there, { tag: 'none' })).toBe('')
    expect(newIn(there, {})).toEqual([{ key: '5/2', parent: undefined, depends: [] }])
  })

  it('[F33] where ids are texts the next one is a text', () => {
    const ids = fixtures.find(({ name }) => name === 'text-ids')?.text ?? ''
    expect(changeOf(ids, madeIn(ids, {}))).toContain(String.raw`\"id\": \"3\"`)
  })

  it('[F34] a task goes with its subtasks or not at all', () => {
    const { tasks } = format.parse(path, text)
    const places = tasks.flatMap(({ key }, task) => (key === '1' || key?.startsWith('1.') === true ? [task] : []))
    const [parent = -1, first = -1] = places
    expect(format.patch(path, text, [{ task: parent, remove: true }])).toBe(text)
    expect(
      format.patch(path, text, [
        { task: parent, remove: true },
        { task: first, remove: true },
      ]),
    ).toBe(format.patch(path, text, [{ task: first, remove: true }]))
    const gone = format.patch(
      path,
      text,
      places.map((task) => ({ task, remove: true as const })),
    )
    expect(format.parse(path, gone).tasks.map(({ key }) => key)).toEqual([
      '104',
      '3',
      'feature-auth/1',
      'feature-auth/2',
    ])
  })

  it('[F35] what is called is read where it is meant: in its tag, and among siblings', () => {
    const wish = { sets: { depends: ['1.1', '1', '104', 'T-8'] } }
    const patched = format.patch(path, text, [{ task: 2, ...wish }])
    // In a subtask `1` would be its sibling: that it depends on task 1 cannot be said there.
    expect(patched).toBe(text)
    const said = format.patch(path, text, [{ task: 2, sets: { depends: ['1.1', '104', 'T-8'] } }])
    expect(format.parse(path, said).tasks[2]?.sets['depends']).toEqual(['1.1', '104', 'T-8'])
    expect(JSON.parse(said).master.tasks[0].subtasks[1].dependencies).toEqual([1, 104, 'T-8'])
    const elsewhere = format.parse(path, text).tasks.findIndex(({ key }) => key === 'feature-auth/2')
    expect(format.patch(path, text, [{ task: elsewhere, sets: { depends: ['1'] } }])).toBe(text)
  })
})
