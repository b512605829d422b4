/** The Format port fits files with several tasks, and tasks that stand in two files: two small formats keep its laws. */
import { describe, expect, it } from 'vitest'
import { formatConformance } from '../../conformance/format.ts'
import { sectionHolds, sectionsFormat } from './small-sections.ts'
import { isIndex, spreadFormat, spreadHolds } from './small-spread.ts'

const sections = `# Tasks

Words that belong to no task.

## A-1 Fix login
id: 4fq7k2m9x1
status: todo
labels: auth, web
estimate: {"days":3}

The body,
with two lines.

## A-2
status:   "42"
note:
depends: ["A-1", "a, b"]
## A-3 Wave \u{1f30a}  
status: todo
status: done
labels: [auth
one line too many
title: elsewhere

## not a task: its body
`
const spare = ['', '\n', '## A-4 No line end', '## A-5\n\nbody without end', '# Nothing\n\n##  A-6\n']
const crlf = sections.replaceAll('\n', '\r\n')
const lists = [sections, crlf, ...spare].map((text, place) => ({
  path: `tasks${place === 0 ? '' : `-${place + 1}`}.md`,
  text,
}))

formatConformance('several tasks in one file', sectionsFormat, lists, {
  holds: (_path, part) => sectionHolds(part),
  holdsSeveral: () => true,
  runs: 100,
})

const index = '# Tasks\n\n- [ ] B-1: Fix login\n- [x] B-2\n  - [ ] no task\n- [-] B-3: nor that\n\n- [ ] B-4:\n'
const file = 'id: 4fq7k2m9x1\nkey: B-1\nnote: plain words\nlabels: auth, web\nestimate: [1, 2]\n\nThe body.\n'
const twice = 'note: one\nnote: two\ndepends: [x\ntitle: elsewhere\n\n\n'
const indexes = [index, index.replaceAll('\n', '\r\n'), '', '- [ ] B-9: no line end']
const files = [file, file.replaceAll('\n', '\r\n'), twice, '', 'key: B-5', '\nBody only, no line end']

formatConformance(
  'one task in two files',
  spreadFormat,
  [
    ...indexes.map((text, place) => ({ path: `tasks${place === 0 ? '' : `-${place + 1}`}.md`, text })),
    ...files.map((text, place) => ({ path: `tasks/B-${place + 1}.md`, text })),
  ],
  { holds: spreadHolds, holdsSeveral: isIndex, runs: 100 },
)

describe('small formats', () => {
  it('[F9] a problem names the task that it concerns', () => {
    const { tasks, problems } = sectionsFormat.parse('tasks.md', sections)
    expect(tasks.map(({ key }) => key)).toEqual(['A-1', 'A-2', 'A-3', 'not'])
    expect(problems.map(({ code, field, line, task }) => `${line} ${task} ${code} ${field}`)).toEqual([
      '19 2 FIELD_TWICE status',
      '20 2 FIELD_TWICE status',
      '21 2 FIELD_UNREADABLE labels',
      '22 2 LINE_UNREADABLE one line too many',
      '23 2 LINE_UNREADABLE title',
    ])
  })

  it('[F27] the text around a task that is taken out stays', () => {
    const gone = sectionsFormat.patch('tasks.md', '# Tasks\n\n## A-1\n\nx\n## A-2 two\n', [{ task: 0, remove: true }])
    expect(gone).toBe('# Tasks\n\n## A-2 two\n')
    const line = spreadFormat.patch('tasks.md', index, [{ task: 1, remove: true }])
    expect(line).toBe(index.replace('- [x] B-2\n', ''))
  })

  it('[F28] of a change each of the two files takes what it can say', () => {
    const wish = { task: 0, fields: { title: 'New', status: 'done', note: 'n' }, sets: { labels: ['l'] }, body: 'b\n' }
    expect(spreadFormat.patch('tasks.md', '- [ ] B-1: Old\n', [wish])).toBe('- [x] B-1: New\n')
    expect(spreadFormat.patch('tasks/B-1.md', 'key: B-1\n', [wish])).toBe('key: B-1\nnote: n\nlabels: l\n\nb\n')
  })

  it('[F29] a new task comes to the index, and to a file of its own', () => {
    const there = new Map([['tasks.md', '- [ ] B-1: One']])
    const folder = { isTaken: (path: string) => there.has(path), text: (path: string) => there.get(path) }
    const sheet = { id: 'a1', key: 'B-2', fields: { title: 'Two' }, sets: {}, body: 'Body.\n', shape: null }
    expect(spreadFormat.create(sheet, folder)).toEqual([
      { path: 'tasks.md', text: '- [ ] B-1: One\n- [ ] B-2: Two\n' },
      { path: 'tasks/B-2.md', text: 'id: a1\nkey: B-2\n\nBody.\n' },
    ])
  })
})
