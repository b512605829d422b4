/** The folders, settings, ids and names of Backlog.md. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBacklogConfig, usualConfig, type BacklogConfig } from '../../../adapters/markdown/backlog-config.ts'
import { nextBacklogKey } from '../../../adapters/markdown/backlog-numbers.ts'
import { backlogStatuses, pathForStatus } from '../../../adapters/markdown/backlog-shelves.ts'
import { backlogFormat } from '../../../adapters/markdown/backlog.ts'
import type { NewText, TaskSheet } from '../../../src/internal.ts'

const format = backlogFormat({ folder: 'backlog', config: usualConfig })
const sheet: TaskSheet = { id: '4fq7k2m9x3', key: 'TASK-12', fields: {}, sets: {}, body: '', shape: null }

function created(
  what: Partial<TaskSheet>,
  config: BacklogConfig = usualConfig,
  taken: readonly string[] = [],
): NewText {
  const folder = { isTaken: (path: string) => taken.includes(path), text: () => undefined }
  const [made] = backlogFormat({ folder: 'backlog', config }).create({ ...sheet, ...what }, folder)
  if (made === undefined) throw new Error('a task of Backlog.md is one file')
  return made
}

function settings(text: string): { readonly config: BacklogConfig; readonly problems: readonly string[] } {
  const { config, problems } = parseBacklogConfig(text)
  return { config, problems: problems.map(({ line, field = '' }) => `${line} ${field}`) }
}

describe('the settings of a Backlog.md folder', () => {
  it('[F12] are read as the program writes them', () => {
    const text =
      'project_name: "Demo"\ndefault_status: "To Do"\nstatuses: ["To Do", "In Progress", "Review", "Done"]\nlabels: []\n' +
      'definition_of_done: ["tests: pass", "docs"]\nzero_padded_ids: 3\ndate_format: yyyy-mm-dd\ntask_prefix: "JIRA"\n'
    const config = {
      statuses: ['To Do', 'In Progress', 'Review', 'Done'],
      defaultStatus: 'To Do',
      prefix: 'jira',
      zeroPadding: 3,
      definitionOfDone: ['tests: pass', 'docs'],
      folder: null,
    }
    expect(settings(text)).toEqual({ config, problems: [] })
    expect(settings(`\ufeff---\n${text}`.replaceAll('\n', '\r\n'))).toEqual({ config, problems: [] })
  })

  it('[F12] are read as people write them: one a line, with comments, the last of two', () => {
    const text = '# ours\nstatuses: [A]\nstatuses:\n  - Later # some day\n  - "Now"\n  - Over\n\nzero_padded_ids: 0\n'
    const { config, problems } = settings(text)
    expect([config.statuses, config.defaultStatus, config.zeroPadding, problems]).toEqual([
      ['Later', 'Now', 'Over'],
      'Later',
      0,
      [],
    ])
  })

  it('[F16] have the usual value where they cannot be read, which is reported', () => {
    const text =
      'statuses: To Do\ntask_prefix: a-1\nzero_padded_ids: many\ndefinition_of_done: {a: b}\ndefault_status: [x]\n'
    expect(settings(text)).toEqual({
      config: usualConfig,
      problems: ['1 statuses', '5 default_status', '2 task_prefix', '3 zero_padded_ids', '4 definition_of_done'],
    })
    for (const empty of ['', '\n', 'statuses:\ntask_prefix: ~\n', '- a\n', '{}', '---\n---\n'])
      expect(settings(empty).config).toEqual(usualConfig)
  })

  it('[F16] name a folder only where it lies inside the project', () => {
    const folderIn = (folder: string): string | null => settings(`backlog_directory: "${folder}"\n`).config.folder
    for (const folder of ['work', 'docs/work', '.work', 'a..b']) expect(folderIn(`${folder}/`)).toBe(folder)
    for (const folder of ['/etc', '../x', 'a/../../b', '..', '.', '', 'c:/x', 'a/..'])
      expect(folderIn(folder)).toBe(null)
  })

  it('[F1] are read from any text without a fault', () => {
    const unit = fc.constantFrom(
      'statuses',
      ': ',
      '\n',
      '- ',
      '[',
      ']',
      '"',
      'x',
      ' ',
      '---',
      '\r',
      'task_prefix: ',
      '#',
    )
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(parseBacklogConfig(text).config.statuses.length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })

  it('[F12] make statuses: columns by their place and name, then the folders beside the board', () => {
    const config = { ...usualConfig, statuses: ['Ideas', 'To Do', 'Doing', 'Archived'] }
    expect(backlogStatuses(config).map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'Ideas: open',
      'To Do: open',
      'Doing: active',
      'Archived: done',
      'Draft: active',
      'Completed: done',
      'Archived (folder): dropped',
    ])
  })
})

describe('the folders of Backlog.md', () => {
  it('[F19] those that the program lists are covered, by the names that it takes for tasks', () => {
    const covered = ['tasks/task-1 - a.md', 'tasks/task-1.2 - b c.md', 'tasks/task-1.md', 'completed/task-1 - a.md']
    const more = ['archive/tasks/task-1 - a.md', 'archive/drafts/draft-1 - a.md', 'drafts/draft-1 - a.md']
    const others = ['tasks/readme.md', 'tasks/deep/task-1 - a.md', 'tasks/TASK-1 - a.md', 'tasks/draft-1 - a.md']
    const docs = ['docs/doc-1 - a.md', 'decisions/decision-1 - a.md', 'milestones/m-1 - a.md', 'archive/task-1 - a.md']
    const temporary = ['tasks/.task-1 - a.md.swp', 'tasks/task-1 - a.md~', 'tasks/task-1 - a.md.tmp', 'config.yml']
    const isCovered = (name: string): boolean => format.covers(`backlog/${name}`)
    expect([...covered, ...more].filter((name) => !isCovered(name))).toEqual([])
    expect([...others, ...docs, ...temporary].filter(isCovered)).toEqual([])
    expect(format.covers('tasks/task-1 - a.md')).toBe(false)
    const hidden = backlogFormat({ folder: '.backlog/', config: { ...usualConfig, prefix: 'jira' } })
    expect([hidden.covers('.backlog/tasks/jira-1 - a.md'), hidden.covers('.backlog/tasks/task-1 - a.md')]).toEqual([
      true,
      false,
    ])
    expect([hidden.parse('x.md', 'x'), hidden.patch('x.md', 'x', [{ task: 0, body: 'y' }])]).toEqual([
      { tasks: [], problems: [] },
      'x',
    ])
  })

  it('[F28] a file on no board says the status of its folder, whatever is asked of it', () => {
    const text = '---\nid: TASK-1\ntitle: x\nstatus: Done\n---\n'
    for (const [folder, status] of [
      ['completed', 'Completed'],
      ['archive/tasks', 'Archived'],
    ]) {
      const path = `backlog/${folder}/task-1 - x.md`
      expect(format.parse(path, text).tasks[0]?.fields).toEqual({ status, title: 'x', 'file.status': 'Done' })
      expect(format.patch(path, text, [{ task: 0, fields: { status: 'To Do' } }])).toBe(text)
    }
  })

  it('[F19] says where the file of a task with another status belongs', () => {
    const there = (path: string, status: string): string =>
      pathForStatus(`backlog/${path}`, status, { folder: 'backlog', config: usualConfig }).slice('backlog/'.length)
    expect(there('tasks/task-1 - a.md', 'Archived')).toBe('archive/tasks/task-1 - a.md')
    expect(there('tasks/task-1 - a.md', 'Completed')).toBe('completed/task-1 - a.md')
    expect(there('archive/tasks/task-1 - a.md', 'Done')).toBe('tasks/task-1 - a.md')
    expect(there('drafts/draft-1 - a.md', 'Archived')).toBe('archive/drafts/draft-1 - a.md')
    expect(there('archive/drafts/draft-1 - a.md', 'Draft')).toBe('drafts/draft-1 - a.md')
    for (const path of ['tasks/task-1 - a.md', 'drafts/draft-1 - a.md', 'elsewhere.md'])
      expect([there(path, 'To Do'), there(path, 'Draft')]).toEqual([path, path])
  })
})

describe('new files of Backlog.md', () => {
  it('[F21] have the keys that the program always writes, in its order and its hand', () => {
    const fields = { ordinal: 1000, estimate: 3, due: '2026-12-24', status: 'To Do', title: 'a: b', priority: 'high' }
    const sets = { depends: ['TASK-3'], assignees: ['@sara', 'bob'] }
    const front =
      "---\nid: TASK-12\ntitle: 'a: b'\nstatus: To Do\nassignee:\n  - '@sara'\n  - bob\ndue_date: '2026-12-24'\nlabels: []\n" +
      'dependencies:\n  - TASK-3\nparent_task_id: TASK-1\npriority: high\nordinal: 1000\nestimate: 3\n---\n'
    const made = created({ fields: { ...fields, parent: 'TASK-1' }, sets, body: '## Description\n\nx\n' })
    expect(made).toEqual({ path: 'backlog/tasks/task-12 - a-b.md', text: `${front}\n## Description\n\nx\n` })
    expect(created({ key: 'TASK-1' }).text).toBe('---\nid: TASK-1\nassignee: []\nlabels: []\ndependencies: []\n---\n')
  })

  it('[F21] have ids and references filled up with zeros where the folder wants it, and keys without', () => {
    const config = { ...usualConfig, prefix: 'jira', zeroPadding: 3 }
    const { path, text } = created(
      { key: 'JIRA-7.2', fields: { title: 'x', parent: 'JIRA-7' }, sets: { depends: ['JIRA-11', 'TASK-1'] } },
      config,
    )
    expect(path).toBe('backlog/tasks/jira-007.02 - x.md')
    expect(text).toContain('id: JIRA-007.02\n')
    expect(text).toContain('dependencies:\n  - JIRA-011\n  - TASK-1\nparent_task_id: JIRA-007\n')
    const [task] = backlogFormat({ folder: 'backlog', config }).parse(path, text).tasks
    expect([task?.key, task?.fields['parent'], task?.sets['depends']]).toEqual([
      'JIRA-7.2',
      'JIRA-7',
      ['JIRA-11', 'TASK-1'],
    ])
  })

  it('[F19] stand where their status and key belong', () => {
    const pathOf = (key: string, status: string): string => created({ key, fields: { title: 'x', status } }).path
    expect([pathOf('TASK-1', 'Archived'), pathOf('TASK-1', 'Completed'), pathOf('TASK-1', 'Draft')]).toEqual([
      'backlog/archive/tasks/task-1 - x.md',
      'backlog/completed/task-1 - x.md',
      'backlog/tasks/task-1 - x.md',
    ])
    expect([pathOf('DRAFT-1', 'Draft'), pathOf('DRAFT-1', 'To Do'), pathOf('DRAFT-1', 'Archived')]).toEqual([
      'backlog/drafts/draft-1 - x.md',
      'backlog/drafts/draft-1 - x.md',
      'backlog/archive/drafts/draft-1 - x.md',
    ])
  })

  // Names that the program itself gave to these titles, version 1.52.
  it.each([
    ['First: task (a/b) \u{1f30a} Ünïcode', 'First-task-a-b-\u{1f30a}-Ünïcode'],
    ['Sub', 'Sub'],
    ["it's", 'its'],
    ['x [y] {z}', 'x-y-z'],
    ['50% off', '50-off'],
    ['tab\tx', 'tab-x'],
    ['back\\slash "q"', 'back-slash-q'],
    ['trailing. ', 'trailing.'],
    ['C# & F#', 'C-F'],
    ['~', '~'],
    ['<html>', 'html'],
    ['日本語', '日本語'],
    ['[]', 'untitled'],
  ])('[F20] %j is called %s', (title, name) => {
    expect(created({ fields: { title } }).path).toBe(`backlog/tasks/task-12 - ${name}.md`)
  })

  it('[F20] names stay in the folder, are not taken, hold 143 bytes at most, and are covered', () => {
    expect(created({ fields: { title: 'x' } }, usualConfig, ['backlog/tasks/task-12 - x.md']).path).toBe(
      'backlog/tasks/task-12 - x-2.md',
    )
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ maxLength: 90 }), (title, key) => {
        const { path } = created({ key, fields: { title } })
        const name = path.slice(path.lastIndexOf('/') + 1)
        expect(format.covers(path)).toBe(true)
        expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(143)
        expect(name.isWellFormed()).toBe(true)
        // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
        expect(name).not.toMatch(/[<>:"/\\|?*\u0000-\u001f]/)
      }),
    )
  })

  it('[F20] are numbered as the program does: one more than the greatest, subtasks by themselves', () => {
    const keys = ['TASK-2', 'task-007', 'TASK-7.1', 'TASK-7.03', 'TASK-7.3.9', 'DRAFT-40', 'JIRA-9', 'TASK-x', '']
    expect(nextBacklogKey(keys, usualConfig)).toBe('TASK-8')
    expect(nextBacklogKey(keys, usualConfig, 'task-007')).toBe('TASK-7.4')
    expect(nextBacklogKey(keys, usualConfig, 'TASK-7.3')).toBe('TASK-7.3.10')
    expect(nextBacklogKey([], usualConfig)).toBe('TASK-1')
  })
})
