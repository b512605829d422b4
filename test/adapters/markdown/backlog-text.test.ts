/** The hand of Backlog.md: values, lists and sections with the bytes that the program itself, version 1.52, gave them. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backlogBody } from '../../../adapters/markdown/backlog-body.ts'
import { usualConfig } from '../../../adapters/markdown/backlog-config.ts'
import { entryText } from '../../../adapters/markdown/backlog-text.ts'
import { backlogFormat } from '../../../adapters/markdown/backlog.ts'
import { backlogFixtures } from './backlog-fixtures.ts'

const format = backlogFormat({ folder: 'backlog', config: usualConfig })
const path = 'backlog/tasks/task-1 - x.md'

function patched(front: string, patch: object): string {
  return format.patch(path, `---\n${front}---\n`, [{ task: 0, ...patch }]).slice('---\n'.length, -'---\n'.length)
}

describe('values as Backlog.md writes them', () => {
  it.each([
    ['plain words', 'plain words'],
    ['a, b', "'a, b'"],
    ['a:b', "'a:b'"],
    ['a#b', 'a#b'],
    ['a #b', "'a #b'"],
    ['-x', "'-x'"],
    ["it's", "it's"],
    ["'q'", "'''q'''"],
    ['@me', "'@me'"],
    ['50% off', '50% off'],
    ['x [y] {z}', "'x [y] {z}'"],
    ['=x', "'=x'"],
    ['a = b', 'a = b'],
    ['a ?', 'a ?'],
    ['<html>', '<html>'],
    ['back\\slash "q"', 'back\\slash "q"'],
    ['2026-11-20', "'2026-11-20'"],
    ['2026-1-5', '2026-1-5'],
    ['010', "'010'"],
    ['1.20', "'1.20'"],
    ['v1.2', 'v1.2'],
    ['1e3', "'1e3'"],
    ['12:30', "'12:30'"],
    ['yes', "'yes'"],
    ['~', "'~'"],
    ['', "''"],
    ['tab\tx', '"tab\\tx"'],
    ['\u{1f30a} wave', '"\\U0001F30A wave"'],
    ['Schöne Straße', 'Schöne Straße'],
    ['日本語', '日本語'],
  ])('[F17] %j is %s', (value, text) => {
    expect(entryText('title', value)).toBe(`title: ${text}`)
    expect(entryText('labels', [value])).toBe(`labels:\n  - ${text}`)
  })

  it('[F17] long ones are folded at blanks where they stand', () => {
    const text =
      'Very long title that goes on and on until it is folded by the yaml writer because it has more than seventy-eight letters in it'
    expect(entryText('title', text)).toBe(
      'title: >-\n  Very long title that goes on and on until it is folded by the yaml writer\n' +
        '  because it has more than seventy-eight letters in it',
    )
    expect(entryText('title', 'x'.repeat(90))).toBe(`title: >-\n  ${'x'.repeat(90)}`)
  })

  it('[F22] a file written anew from what a file of the program says has the same bytes', () => {
    const names = ['First-task', 'A-subtask.md', 'Windows', 'Wave', 'Nested-criteria', 'Sections-twice', 'A-draft']
    const chosen = backlogFixtures().filter(({ name }) => names.some((one) => name.includes(one)))
    expect(chosen.length).toBe(names.length)
    for (const { path: there, text } of chosen) {
      const [task] = format.parse(there, text).tasks
      if (task === undefined) throw new Error('a file of Backlog.md holds one task')
      const sheet = { ...task, id: '4fq7k2m9x3', key: task.key ?? '', body: task.body ?? '' }
      const [made] = format.create(sheet, { isTaken: () => false, text: () => undefined })
      expect(made?.text).toBe(text.replaceAll('\r\n', '\n'))
    }
  })
})

describe('values in files that are there', () => {
  it('[F17] what the program would take for something else gets quotes, what has some keeps them', () => {
    expect(patched('title: 010\n', { fields: { title: '011' } })).toBe("title: '011'\n")
    expect(patched('title: x # y\n', { fields: { title: '2026-11-20' } })).toBe("title: '2026-11-20' # y\n")
    expect(patched('title: "x"\n', { fields: { title: '2026-11-20' } })).toBe('title: "2026-11-20"\n')
    expect(patched('title: 2026\n', { fields: { title: '2026' } })).toBe('title: 2026\n')
    expect(patched('labels: [a]\n', { sets: { labels: ['a', '2026-11-20'] } })).toBe("labels: [a, '2026-11-20']\n")
    expect(patched('labels:\n- a\n', { sets: { labels: ['a', '2026-11-20'] } })).toBe("labels:\n- a\n- '2026-11-20'\n")
  })

  it('[F17] an empty list gets lines, a list that loses its last name is empty', () => {
    expect(patched('labels: []\n', { sets: { labels: ['a', '@b'] } })).toBe("labels:\n  - a\n  - '@b'\n")
    expect(patched('labels:\n  - a\n  - b\n', { sets: { labels: [] } })).toBe('labels: []\n')
    expect(patched('labels: [] # none\n', { sets: { labels: ['a'] } })).toBe('labels: [a] # none\n')
  })

  it('[F23] new lines of a list end as its own line does, whatever those around it do', () => {
    expect(patched('title: x\nlabels: []\r\nid: y\n', { sets: { labels: ['a', 'b'] } })).toBe(
      'title: x\nlabels:\r\n  - a\r\n  - b\r\nid: y\n',
    )
    expect(patched('title: x\rlabels: []\nid: y\n', { sets: { labels: ['a'] } })).toBe(
      'title: x\rlabels:\n  - a\nid: y\n',
    )
  })

  it('[F17] above a line that is none, nothing gets several lines', () => {
    expect(patched('labels: []\n- x\n', { sets: { labels: ['a'] } })).toBe('labels: [a]\n- x\n')
    expect(patched('id: TASK-1\n- x\n', { sets: { labels: ['a', 'b: c'] } })).toBe(
      "id: TASK-1\nlabels: [a, 'b: c']\n- x\n",
    )
  })

  it('[F16] names with an @ need no quotes behind assignee and reporter, elsewhere they do', () => {
    const said = (front: string): unknown => {
      const { tasks, problems } = format.parse(path, `---\n${front}---\n`)
      const { fields = {}, sets = {} } = tasks[0] ?? {}
      return [fields['reporter'] ?? null, sets['assignees'] ?? null, problems.length]
    }
    expect(said('assignee: @a\nreporter: @b\n')).toEqual(['@b', ['@a'], 0])
    expect(said('assignee: [ @a,@b , "@c, @d", e@f ]\n')).toEqual([null, ['@a', '@b', '@c, @d', 'e@f'], 0])
    expect(said('assignee:\n  - @a\nreporter: &x @b\n')).toEqual([null, null, 2])
    expect(said('assignee: [@a, *b]\n')).toEqual([null, null, 1])
    expect(patched('assignee: [@a]\n', { sets: { assignees: ['@a', '@b'] } })).toBe("assignee: [@a, '@b']\n")
    expect(patched('assignee: @a\n', { sets: { assignees: ['@a', '@b'] } })).toBe("assignee: ['@a', '@b']\n")
  })

  it('[F17] ids that are spelt otherwise stay, new ones are written in full', () => {
    const padded = backlogFormat({ folder: 'backlog', config: { ...usualConfig, zeroPadding: 3 } })
    const text = '---\nid: task-1\ndependencies: [task-2, "TASK-0003"]\nparent_task_id: task-09\n---\n'
    const same = { key: 'TASK-1', fields: { parent: 'TASK-9' }, sets: { depends: ['TASK-2', 'TASK-3'] } }
    expect(padded.patch(path, text, [{ task: 0, ...same }])).toBe(text)
    const other = { key: 'TASK-4', fields: { parent: 'TASK-8' }, sets: { depends: ['TASK-3', 'TASK-7.1'] } }
    expect(padded.patch(path, text, [{ task: 0, ...other }])).toBe(
      '---\nid: TASK-004\ndependencies: ["TASK-0003", TASK-007.01]\nparent_task_id: TASK-008\n---\n',
    )
  })
})

describe('ids and dates of Backlog.md', () => {
  it('[F28] an id that only the program gives stays: of a subtask, a draft, an archived task, another prefix', () => {
    const kept: readonly (readonly [string, string])[] = [
      ['tasks/task-1.2 - x.md', 'TASK-1.2'],
      ['tasks/task-1.2.3 - x.md', 'task-1.2.3'],
      ['drafts/draft-1 - x.md', 'DRAFT-1'],
      ['archive/tasks/task-1 - x.md', 'TASK-1'],
      ['tasks/task-1 - x.md', 'JIRA-1'],
      ['tasks/task-1 - x.md', 'task-auth'],
    ]
    const renamed = (name: string, id: string): string =>
      format.patch(`backlog/${name}`, `---\nid: ${id}\n---\n`, [{ task: 0, key: 'TASK-7' }])
    for (const [name, id] of kept) expect(renamed(name, id)).toBe(`---\nid: ${id}\n---\n`)
    for (const id of ['TASK-1', 'task-001', '1', 'TASK-1.4fq', 'TASK-1.4FQ'])
      for (const folder of ['tasks', 'completed'])
        expect(renamed(`${folder}/task-1 - x.md`, id)).toBe('---\nid: TASK-7\n---\n')
    const isTwin = format.patch(path, '---\nid: task-01\n---\n', [{ task: 0, key: 'TASK-1.4fq' }])
    expect(isTwin).toBe('---\nid: task-01\n---\n')
    expect(format.patch('backlog/tasks/task-1.2 - x.md', 'x', [{ task: 0, key: 'TASK-7' }])).toBe('x')
    expect(format.patch('backlog/tasks/task-1 - x.md', 'x', [{ task: 0, key: 'TASK-7' }])).toBe(
      '---\nid: TASK-7\n---\n\nx',
    )
  })

  it('[F12] dates of old files are read as all others are written, and stay as they are', () => {
    const text = '---\ncreated_date: 20-11-26\nupdated_date: 21/11/26 # old\ndue_date: 20.11.26\n---\n'
    const fields = { created: '2026-11-20', updated: '2026-11-21', due: '20.11.26' }
    expect(format.parse(path, text).tasks[0]?.fields).toEqual(fields)
    expect(format.patch(path, text, [{ task: 0, fields }])).toBe(text)
    expect(patched('created_date: 20.11.26\n', { fields: { created: '2026-11-21 08:24' } })).toBe(
      "created_date: '2026-11-21 08:24'\n",
    )
    expect(patched('title: task-1\n', { fields: { title: 'TASK-1' } })).toBe('title: TASK-1\n')
  })
})

describe('bodies of new tasks', () => {
  it('[F21] have the sections of the program, in its order', () => {
    const body = backlogBody({
      finalSummary: 'Done.',
      description: ' Body\r\ntext\n\n',
      acceptanceCriteria: ['one', ' two\nlines ', ''],
      definitionOfDone: ['d'],
      plan: '1. look',
      notes: 'n',
    })
    const prose = (title: string, marker: string, text: string): string =>
      `## ${title}\n\n<!-- SECTION:${marker}:BEGIN -->\n${text}\n<!-- SECTION:${marker}:END -->\n`
    expect(body.split('\n\n## ').join('\n\n\n## ').split('\n\n\n')).toEqual(
      [
        prose('Description', 'DESCRIPTION', 'Body\ntext'),
        '## Acceptance Criteria\n<!-- AC:BEGIN -->\n- [ ] #1 one\n- [ ] #2 two lines\n<!-- AC:END -->\n',
        '## Definition of Done\n<!-- DOD:BEGIN -->\n- [ ] #1 d\n<!-- DOD:END -->\n',
        prose('Implementation Plan', 'PLAN', '1. look'),
        prose('Implementation Notes', 'NOTES', 'n'),
        `${prose('Final Summary', 'FINAL_SUMMARY', 'Done.')}\n`,
      ].map((block) => block.slice(0, -1)),
    )
  })

  it('[F21] are left alone where they have sections already, and are empty where there is nothing to say', () => {
    const body = '## Acceptance Criteria\n\n- [ ] mine\n'
    expect([backlogBody({ description: body }), backlogBody({ description: ' \n' }), backlogBody({})]).toEqual([
      body,
      '',
      '',
    ])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(backlogBody({ description: backlogBody({ description: text }) })).toBe(
          backlogBody({ description: text }),
        )
      }),
    )
  })
})
