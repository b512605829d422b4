/** Bytes that nobody changed, on a real disk: habits of other editors, a thousand files that were there before, a store that is gone. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPlace, openWorkspacePlace } from './support.ts'
import { problems, withFile } from './one-task.ts'

describe.concurrent('bytes', () => {
  const kinds: Readonly<Record<string, (text: string) => string>> = {
    'CRLF line ends': (text) => text.replaceAll('\n', '\r\n'),
    'a byte order mark': (text) => `\u{feff}${text}`,
    'both of them': (text) => `\u{feff}${text.replaceAll('\n', '\r\n')}`,
    'no final line end': (text) => text.trimEnd(),
    'mixed line ends, blanks and tabs': (text) =>
      text.replace('One.\n', 'One.  \r\n\t\n').replace('todo\n', 'todo  \t# now\n'),
    'comments and unknown keys': (text) => text.replace('status', '# mine\nx-odd:   [ 1,2 ]  # so\n\nstatus'),
  }

  it('[M1] of files with other habits stay through commands and edits', async () => {
    await using place = await openWorkspacePlace()
    const files: { key: string; path: string; text: string }[] = []
    for (const [index, change] of Object.values(kinds).entries()) {
      await place.must(['add', `Task ${index + 1}`, '--body', 'One.\n\nTwo.\n'])
      const path = join(place.dir, 'tasks', `T-${index + 1}-task-${index + 1}.md`)
      const text = change(readFileSync(path, 'utf8'))
      writeFileSync(path, text)
      files.push({ key: `T-${index + 1}`, path, text })
    }
    await place.must(['list'])
    for (const { path, text } of files) expect(readFileSync(path, 'utf8')).toBe(text)
    await place.must(['set', ...files.map(({ key }) => key), 'status=doing'])
    for (const [index, { path, text }] of files.entries())
      expect(readFileSync(path, 'utf8'), `${Object.keys(kinds)[index]}`).toBe(
        text.replace('status: todo', 'status: doing'),
      )
    expect(await problems(place)).toEqual([])
  })

  it('[M53] init in a folder with 1,000 tasks that carry ids changes no byte, and list shows them', async () => {
    await using place = openPlace()
    const folder = join(place.dir, 'tasks')
    mkdirSync(join(folder, 'later'), { recursive: true })
    const before = new Map<string, string>()
    const habits = [(text: string) => text, ...Object.values(kinds)]
    for (let number = 1; number <= 1000; number++) {
      const id = number.toString(16).padStart(10, '0')
      const plain = `---\nid: ${id}\nkey: T-${number}\ntitle: Task ${number}\nstatus: todo\n---\n\nOne.\n\nTwo ${number}.\n`
      const name = `${number % 7 === 0 ? 'later/' : ''}T-${number}-task.md`
      before.set(name, (habits[number % habits.length] ?? String)(plain))
    }
    for (const [name, text] of before) writeFileSync(join(folder, name), text)
    await place.must(['init'])
    const { tasks = [] } = await place.json(['list'])
    expect(tasks).toHaveLength(1000)
    expect(new Set(tasks.map(({ uid }) => uid)).size).toBe(1000)
    const changed = [...before].filter(([name, text]) => readFileSync(join(folder, name), 'utf8') !== text)
    expect(changed.map(([name]) => name)).toEqual([])
    await place.must(['set', 'T-500', 'status=done'])
    const later = [...before].filter(([name, text]) => readFileSync(join(folder, name), 'utf8') !== text)
    expect(later.map(([name]) => name)).toEqual(['T-500-task.md'])
    expect(await problems(place)).toEqual([])
  })

  it('[M5] without .tidemark everything comes back from the files, and no byte changes', async () => {
    const { place, path } = await withFile()
    await using _place = place
    await place.must(['set', 'T-1', 'status=doing', 'labels+=web', 'estimate=3'])
    await place.must(['add', 'Second', '--depends', 'T-1'])
    const [text, before] = [readFileSync(path, 'utf8'), await place.all()]
    rmSync(join(place.dir, '.tidemark'), { recursive: true })
    const after = await place.all()
    const said = (list: typeof before): unknown =>
      list.map(({ uid, key, title, status, labels, dependsOn, fields }) => [
        uid,
        key,
        title,
        status,
        labels,
        dependsOn,
        fields,
      ])
    expect(said(after)).toEqual(said(before))
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(await place.must(['add', 'Third'])).toBe('T-3\n')
  })
})
