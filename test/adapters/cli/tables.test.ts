/** Tasks as rows: tables that fit a terminal, plain lines for a pipe. */
import { describe, expect, it } from 'vitest'
import { rowTable } from '../../../adapters/cli/row-table.ts'
import type { TaskRow } from '../../../adapters/cli/rows.ts'
import { textWidth } from '../../../adapters/cli/width.ts'
import { taskOf } from './fake-project.ts'
import { tide } from './run.ts'

const titles = [
  'Fix the login page that never remembers anybody at all, not even on a good day, and nobody knows why it does so',
  '修复登录页面，它从来不记得任何人，也不记得密码，没有人知道为什么，所以请尽快看一下这个问题，谢谢大家的帮助和理解',
  'ログイン👨‍👩‍👧‍👦画面を直す🇩🇪🇯🇵と絵文字👍🏽がたくさんある長い題名で端末の幅を超えるはずのものを書いておく',
  'إصلاح صفحة تسجيل الدخول التي لا تتذكر أحدا مهما حاول المستخدم تسجيل الدخول مرة بعد مرة في كل يوم من الأيام',
  'e\u0301tude pour café\u0301 à la crème brûlée, naïve façade, Zoë, Ångström, and more letters with marks on them than fit',
  'short',
]

const tasks = titles.map((title, index) =>
  taskOf(`T-${index + 1}`, {
    title,
    status: index === 0 ? '进行中' : 'todo',
    priority: index === 1 ? 'critical' : null,
    labels: index === 2 ? ['web', 'a-label-of-quite-some-length', 'ui'] : index === 3 ? ['标签'] : [],
    assignees: index === 3 ? ['sara'] : [],
    conflicts: index === 4 ? ['status', 'title'] : [],
  }),
)

const escape = String.fromCharCode(27)
const colours = new RegExp(`${escape}\\[\\d+m`, 'g')

describe('tables on a terminal', () => {
  it.each([40, 80, 120])('[L23] no line is wider than %i columns, and only titles are cut', async (terminal) => {
    const { out } = await tide(['list'], { tasks, terminal })
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(tasks.length + 1)
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(terminal)
    // Whatever is cut ends the line: nothing follows a title.
    for (const line of lines) expect(line.replace(/…$/, '')).not.toContain('…')
    expect(out).toContain('short')
    expect(out).not.toContain('\t')
  })

  it.each([40, 80, 120])('[L23] at %i columns every title begins in the same column', async (terminal) => {
    const { out } = await tide(['list'], { tasks, terminal })
    const [head = '', ...lines] = out.trimEnd().split('\n')
    const column = textWidth(head.slice(0, head.indexOf('TITLE')))
    for (const [index, line] of lines.entries()) {
      const at = line.indexOf((titles[index] ?? '').slice(0, 4))
      expect(textWidth(line.slice(0, at))).toBe(column)
    }
  })

  it('[L24] columns that leave no readable title go as a whole: who, labels, priority, then status', async () => {
    const headAt = async (terminal: number): Promise<string[]> => {
      const { out } = await tide(['list'], { tasks, terminal })
      return out.split('\n')[0]?.trim().split(/ +/) ?? []
    }
    expect(await headAt(120)).toEqual(['KEY', 'STATUS', 'PRIORITY', 'LABELS', 'WHO', 'TITLE'])
    expect(await headAt(60)).toEqual(['KEY', 'STATUS', 'PRIORITY', 'LABELS', 'TITLE'])
    expect(await headAt(50)).toEqual(['KEY', 'STATUS', 'PRIORITY', 'TITLE'])
    expect(await headAt(40)).toEqual(['KEY', 'STATUS', 'TITLE'])
    expect(await headAt(20)).toEqual(['KEY', 'TITLE'])
    expect(await headAt(0)).toEqual(await headAt(80))
  })

  it('[L24] labels that have no room are counted, never cut', async () => {
    const { out } = await tide(['list'], { tasks, terminal: 80 })
    expect(out).toContain('web, +2  ')
  })

  it('[L25] what can be started, conflicts and deleted tasks are marked', async () => {
    const some = [
      taskOf('T-1'),
      taskOf('T-2', { conflicts: ['title'] }),
      taskOf('T-3', { deleted: true }),
      taskOf('T-4', { status: 'done' }),
    ]
    const { out } = await tide(['list', '--all'], { tasks: some, terminal: 80 })
    expect(out.split('\n').map((line) => line.slice(0, 7))).toEqual([
      '    KEY',
      '>   T-1',
      '>!  T-2',
      'x   T-3',
      '    T-4',
      '',
    ])
  })

  it('[L26] colours come only where the terminal wants them, and change no column', async () => {
    const plain = await tide(['list'], { tasks, terminal: 80 })
    const coloured = await tide(['list'], { tasks, terminal: 80, colour: true })
    expect(plain.out).not.toContain(escape)
    expect(coloured.out).toContain(escape)
    expect(coloured.out.replaceAll(colours, '')).toBe(plain.out)
  })

  it('[L23] ten thousand rows are one table', () => {
    const row: TaskRow = { ...taskOf('T-1') }
    const text = rowTable(
      Array.from({ length: 10_000 }, () => row),
      { width: 80, colour: false, head: true },
    )
    expect(text.split('\n')).toHaveLength(10_002)
  })

  it('[L23] commands that change tasks show them in the same columns, without a header', async () => {
    const { out } = await tide(['done', 'T-6'], { tasks, terminal: 80 })
    expect(out).toBe('T-6  done  short\n')
  })
})

describe('lines on a pipe', () => {
  it('[L27] are tab-separated, whole, without a header', async () => {
    const { out } = await tide(['list'], { tasks })
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(rows.map((cells) => cells.length)).toEqual(tasks.map(() => 7))
    expect(rows.map((cells) => cells[5])).toEqual(titles)
    expect(rows[0]).toEqual(['T-1', '进行中', '', '', '', titles[0], 'ready'])
    expect(rows[2]?.[3]).toBe('web,a-label-of-quite-some-length,ui')
    expect(rows[4]?.[6]).toBe('ready,conflict:status,conflict:title')
  })

  it.each([undefined, 80])('[L28] no control character gets through (terminal %s)', async (terminal) => {
    const bad = taskOf('T-1', {
      title: `a\u001b[2Jb\tc\rd\u009be\u202ef`,
      labels: ['x\u0007y'],
      body: 'one\r\ntwo\u001b]0;title\u0007\n\tthree',
      comments: [{ id: 'c', by: 'sa\u001bra', at: '2026-01-02T03:04:05Z', text: 'hello\u0008\nthere' }],
      fields: { 'odd\u001b': 'v\u001b' },
    })
    for (const argv of [['list'], ['show', 'T-1'], ['done', 'T-1'], ['history']]) {
      const { out } = await tide(argv, { tasks: [bad], ...(terminal === undefined ? {} : { terminal }) })
      expect(out.replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\u202e]/u)
    }
    const { out } = await tide(['list'], { tasks: [bad] })
    expect(out.split('\t')).toHaveLength(7)
  })
})
