/** Which files are tasks, what new ones are called, and how they are written. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeFormat } from '../../../adapters/markdown/native.ts'
import type { NewText, TaskSheet } from '../../../src/internal.ts'
import { fixturesIn } from './fixtures.ts'

const format = nativeFormat({ folder: 'tasks' })
const bytesIn = (text: string): number => new TextEncoder().encode(text).length
const sheet: TaskSheet = { id: '4fq7k2m9x3', key: 'T-12', fields: {}, sets: {}, body: '', shape: null }

function created(what: Partial<TaskSheet>, taken: readonly string[] = []): NewText {
  const folder = { isTaken: (path: string) => taken.includes(path), text: () => undefined }
  const [made, ...others] = format.create({ ...sheet, ...what }, folder)
  if (made === undefined || others.length > 0) throw new Error('a native task is one file')
  return made
}

function nameOf(title: string, key = 'T-12', taken: readonly string[] = []): string {
  return created({ key, fields: { title } }, taken).path.slice('tasks/'.length)
}

describe('files of tasks', () => {
  it('[F19] covers the markdown files of its folder at any depth', () => {
    const covered = ['tasks/a.md', 'tasks/deep/er/b c #1.md', 'tasks/日本.md', 'tasks/a.b.md', 'tasks/README.md']
    const others = ['a.md', 'task/a.md', 'tasks.md', 'tasks/a.txt', 'tasks/a.md.txt', 'Tasks/a.md', 'x/tasks/a.md']
    expect(covered.filter((path) => !format.covers(path))).toEqual([])
    expect(others.filter((path) => format.covers(path))).toEqual([])
    expect(nativeFormat({ folder: '.' }).covers('a.md')).toBe(true)
    expect(nativeFormat({ folder: 'a/b/' }).covers('a/b/c.md')).toBe(true)
  })

  it('[F19] covers no files of a moment: those of editors, file systems and its own', () => {
    const names = ['.a.md', '.#a.md', '#a.md#', 'a.md~', '4913', '.a.md.swp', 'a.md.swx', 'a.md.tmp', 'a.md.orig']
    const more = ['a.md.rej', 'a.md.bak', 'a.md___jb_tmp___', '___jb_old___a.md', '.goutputstream-X.md', '~$a.md']
    const paths = [...names, ...more, '.git/a.md', '.obsidian/b/a.md', '.a.md.77.sync-tmp'].map(
      (name) => `tasks/${name}`,
    )
    expect(paths.filter((path) => format.covers(path))).toEqual([])
  })

  it.each([
    ['Fix login', 'T-12-fix-login.md'],
    ['  Fix: the "login" (again)!  ', 'T-12-fix-the-login-again.md'],
    ["Don't panic", 'T-12-dont-panic.md'],
    ['Überprüfe die Straße', 'T-12-überprüfe-die-straße.md'],
    ['Cafe\u0301', 'T-12-café.md'],
    ['修复登录', 'T-12-修复登录.md'],
    ['हिन्दी में', 'T-12-हिन्दी-में.md'],
    ['תיקון \u200fכניסה', 'T-12-תיקון-כניסה.md'],
    ['\u{1f30a}', 'T-12.md'],
    ['❤️ 1️⃣', 'T-12-1.md'],
    ['../../etc/passwd', 'T-12-etc-passwd.md'],
    ['CON', 'T-12-con.md'],
    ['', 'T-12.md'],
    ['a\0b\nc', 'T-12-a-b-c.md'],
  ])('[F20] %j is called %s', (title, name) => {
    expect(nameOf(title)).toBe(name)
  })

  it('[F20] keys cannot lead out of the folder, hide the file or name a device', () => {
    const names = { '../x': 'x', '.hidden': 'hidden', 'a/b\\c': 'a-b-c', '~$x': 'x', 'T-1:2': 'T-1-2', 'e\u0301': 'é' }
    const others = { NUL: 'task-NUL', 'com1.x': 'task-com1.x', '': 'task', '...': 'task', 'T-12.4fq': 'T-12.4fq' }
    for (const [key, name] of Object.entries({ ...names, ...others })) expect(nameOf('', key)).toBe(`${name}.md`)
  })

  it('[F20] a name takes at most 80 bytes, cut between words or letters, its number included', () => {
    const long = nameOf('word '.repeat(40))
    expect(long).toBe(`T-12${'-word'.repeat(14)}.md`)
    expect(nameOf('word '.repeat(40), 'T-12', [`tasks/${long}`])).toBe(`T-12${'-word'.repeat(14)}-2.md`)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (title) => {
        const name = nameOf(title)
        expect(bytesIn(name)).toBeLessThanOrEqual(80)
        expect(name).toMatch(/^T-12(?:-[\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*\.md$/u)
        expect(name).toBe(name.normalize('NFC'))
        expect(name.isWellFormed()).toBe(true)
      }),
    )
  })

  it('[F21] a new file is written in canonical order, with nothing that says nothing', () => {
    const fields = {
      due: '2026-11-20',
      order: 'a0',
      title: 'Fix login',
      client: 'ACME',
      status: 'todo',
      priority: null,
    }
    const sets = { depends: ['T-3'], labels: ['auth', 'web'], assignees: [] }
    const { path, text } = created({ fields, sets, body: 'The body.\n' })
    expect(path).toBe('tasks/T-12-fix-login.md')
    const front =
      'id: 4fq7k2m9x3\nkey: T-12\ntitle: Fix login\nstatus: todo\nlabels: [auth, web]\ndepends: [T-3]\norder: a0\n'
    expect(text).toBe(`---\n${front}client: ACME\ndue: 2026-11-20\n---\n\nThe body.\n`)
  })

  it('[F21] new fields come to their canonical place, the others to the end', () => {
    const names = ['order', 'title', 'zeta', 'priority', 'parent', 'alpha', 'status']
    const fields = Object.fromEntries(names.map((name) => [name, 'x']))
    const wish = { id: 'a1', key: 'T-1', fields, sets: { depends: ['b'], labels: ['a'] } }
    const front = 'id: a1\nkey: T-1\ntitle: x\nstatus: x\npriority: x\nlabels: [a]\ndepends: [b]\nparent: x\norder: x\n'
    for (const text of ['---\n---\n', '---\nmine: 1\n---\n', '# Text\n'])
      expect(format.patch('tasks/a.md', text, [{ task: 0, ...wish }])).toBe(
        text === '# Text\n'
          ? `---\n${front}alpha: x\nzeta: x\n---\n\n${text}`
          : text.replace(/(?<=^---\n)(mine: 1\n)?/, `${front}$1alpha: x\nzeta: x\n`),
      )
  })

  it('[F21] a field comes to the top where the one that stood there goes', () => {
    const wish = { task: 0, fields: { title: 'x', meta: null } }
    expect(format.patch('tasks/a.md', '---\nmeta: 1\nother: 2\n---\n', [wish])).toBe('---\ntitle: x\nother: 2\n---\n')
  })

  it('[F22] a file written elsewhere from what one says and its shape has the same bytes', () => {
    const names = ['comments', 'foreign-backlog', 'comment-glued', 'odd-keys', 'value-below', 'unicode-keys']
    const chosen = fixturesIn('native').filter(({ name }) => names.includes(name))
    expect(chosen.length).toBe(names.length)
    for (const { text } of chosen) {
      const [task] = format.parse('tasks/a.md', text).tasks
      const said = {
        fields: task?.fields ?? {},
        sets: task?.sets ?? {},
        body: task?.body ?? '',
        shape: task?.shape ?? null,
      }
      const made = created({ id: task?.id ?? 'new-id', key: task?.key ?? 'new-key', ...said }).text
      expect(made.replace(/^(?:id|key): new-.*\n/gm, '')).toBe(text)
    }
  })

  it('[F22] the shape is null where a file is written as new ones are, and does not change with what it says', () => {
    const shapeOf = (text: string): unknown => format.parse('tasks/a.md', text).tasks[0]?.shape
    expect(shapeOf('---\nid: a\ntitle: "it\'s: so"\nlabels: [a, b]\ndue: 2026-11-20\n---\n')).toBe(null)
    const text = '---\nid: a\n# note\ntitle: "x" # why\nlabels:\n  - a\n---\n'
    expect(shapeOf(text)).toBe('# note\ntitle: "x" # why\nlabels:\n  - x\n')
    const wish = { id: 'b', fields: { title: 'other' }, sets: { labels: ['b', 'c'] } }
    expect(shapeOf(format.patch('tasks/a.md', text, [{ task: 0, ...wish }]))).toBe(shapeOf(text))
  })
})
