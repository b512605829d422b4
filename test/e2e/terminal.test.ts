/** On a real terminal (a pty made by util-linux `script`): tables fit and align, colours come and go, questions are asked, TAB completes. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { textWidth } from '../../adapters/cli/width.ts'
import { builtCommand, openWorkspacePlace, type Place } from './support.ts'

const hasScript = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') === true
if (!hasScript) process.stdout.write('no terminal tests: util-linux `script` is not here\n')

interface Shown {
  readonly exit: number | null
  /** What the terminal got, with LF and without the colours. */
  readonly text: string
  readonly lines: readonly string[]
  readonly raw: string
}

interface Screen {
  readonly columns?: number
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Typed when the pattern has come. */
  readonly typing?: readonly (readonly [after: RegExp, keys: string])[]
}

// oxlint-disable-next-line no-control-regex -- control sequences are what it looks for
const COLOUR = /\u001b\[[0-9;]*m/g
// oxlint-disable-next-line no-control-regex -- control sequences are what it looks for
const CONTROL = /\u001b\[[0-9;?]*[A-Za-z]/g

/** A line for a shell whose input, output and errors are one terminal of so many columns. */
async function onTerminal(
  place: Place,
  line: string,
  { columns = 80, env = {}, typing = [] }: Screen = {},
): Promise<Shown> {
  const bin = join(place.root, 'bin')
  mkdirSync(bin, { recursive: true })
  if (!existsSync(join(bin, 'tide'))) symlinkSync(builtCommand, join(bin, 'tide'))
  const child = spawn('script', ['-qec', `stty cols ${columns} rows 40 -echo; ${line}`, '/dev/null'], {
    cwd: place.dir,
    env: { ...place.env, PATH: `${bin}:${place.env['PATH'] ?? ''}`, TERM: 'xterm', SHELL: '/bin/bash', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 40_000,
    killSignal: 'SIGKILL',
  })
  let [raw, heard] = ['', 0]
  const left = [...typing]
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    raw += part
    const [next] = left
    if (next?.[0].test(raw.slice(heard)) !== true) return
    left.shift()
    heard = raw.length
    child.stdin.write(next[1])
  })
  child.stdin.on('error', () => undefined)
  const [exit] = (await once(child, 'close')) as [number | null]
  expect(
    left.map(([after]) => String(after)),
    `never came; the screen:\n${raw}`,
  ).toEqual([])
  const text = raw.replaceAll('\r\n', '\n').replace(CONTROL, '')
  return { exit, raw, text, lines: text.split('\n').slice(0, -1) }
}

async function withTable(): Promise<Place> {
  const place = await openWorkspacePlace()
  const titles = [
    'Fix login',
    '修正 ログイン 🚀 e\u0301 👩‍👩‍👧',
    `A long title ${'that goes on '.repeat(9)}`,
    '👍🏽 flags 🇩🇪 and é',
  ]
  for (const title of titles) await place.must(['add', title, '-p', 'high', '-l', 'web,auth', '-a', 'sara'])
  await place.must(['set', 'T-2', 'status=doing'])
  await place.must(['set', 'T-3', 'depends=T-1'])
  return place
}

describe.skipIf(!hasScript).concurrent('on a terminal', () => {
  it('[G26] a table fits the width, only titles are cut, and columns align beside wide characters and emoji', async () => {
    await using place = await withTable()
    for (const columns of [40, 60, 80, 100, 200]) {
      const { exit, lines } = await onTerminal(place, 'tide list', { columns, env: { NO_COLOR: '1' } })
      expect(exit).toBe(0)
      expect(lines).toHaveLength(5)
      for (const line of lines) expect(textWidth(line), `${columns}: ${line}`).toBeLessThanOrEqual(columns)
      const [head = '', ...rows] = lines
      const column = textWidth(head.slice(0, head.indexOf('TITLE')))
      expect(head).toContain('KEY')
      for (const [index, row] of rows.entries()) {
        expect(row, 'the key is never cut').toContain(`T-${index + 1}`)
        const start = ['Fix', '修正', 'A lo', '👍🏽'][index] ?? ''
        expect(textWidth(row.slice(0, row.indexOf(start))), `${columns}: ${row}`).toBe(column)
      }
      const [whole, cut] = [/T-1 .*todo.*high.*auth, web.*sara.*Fix login$/, /T-1 .*Fix login$/]
      expect(rows[0]).toMatch(columns >= 100 ? whole : cut)
      expect(rows[2]).toMatch(columns === 200 ? /that goes on$/ : /…$/)
    }
  })

  it('[G26] other answers stay within the width too, or are words that wrap: nothing is cut but titles', async () => {
    await using place = await withTable()
    await place.must(['comment', 'T-1', 'Works on Linux'])
    for (const line of [
      'tide ready',
      'tide show T-2',
      'tide search login',
      'tide set T-1 priority=low',
      'tide done T-1',
    ]) {
      const { exit, lines, text } = await onTerminal(place, line, { columns: 60 })
      expect(exit, `${text}`).toBe(0)
      for (const row of lines) expect(textWidth(row), `${line}: ${row}`).toBeLessThanOrEqual(60)
    }
    const { text } = await onTerminal(place, 'tide show T-3', { columns: 60 })
    expect(text.replaceAll(/\s+/g, ' ')).toContain('that goes on that goes on that goes on')
    const help = await onTerminal(place, 'tide help; tide help set', { columns: 100 })
    for (const row of help.lines) expect(textWidth(row), `${row}`).toBeLessThanOrEqual(100)
  })

  it('[G27] colours are for a terminal that has them: not with NO_COLOR, not for a dumb one, not on a pipe', async () => {
    await using place = await withTable()
    const coloured = await onTerminal(place, 'tide list; tide show T-1; tide doctor')
    expect(coloured.raw).toMatch(COLOUR)
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect((await onTerminal(place, 'tide list; tide show T-1; tide doctor', { env })).raw).not.toContain('\u001b')
    }
    expect((await onTerminal(place, 'tide list', { env: { NO_COLOR: '' } })).raw, 'empty means no').toMatch(COLOUR)
    const piped = await onTerminal(place, 'tide list | cat; tide list --json')
    expect(piped.raw).not.toContain('\u001b')
    expect(piped.lines[0]).toBe('T-1\ttodo\thigh\tauth,web\tsara\tFix login\tready')
    expect(await place.must(['list'])).not.toContain('\u001b')
  })

  it('[G27] words for people come on a terminal only, and on stderr', async () => {
    await using place = await withTable()
    expect((await onTerminal(place, 'tide add "One more"')).lines).toEqual(['T-5', 'added One more'])
    expect((await onTerminal(place, 'tide add "One more" 2>/dev/null')).lines).toEqual(['T-6'])
    expect((await onTerminal(place, 'tide list --label nothing')).text).toContain('no tasks fit')
    const wrong = await onTerminal(place, 'tide shw T-1')
    expect(wrong.exit).toBe(2)
    expect(wrong.text).toMatch(/^tide: .*show.*\nhint: /)
  })

  it('[G28] purge asks, names what it would remove, and takes only a yes for it', async () => {
    await using place = await withTable()
    await place.must(['delete', 'T-1', 'T-2'])
    for (const answer of ['no\n', '\n', 'y\n', '\u0004', '\u0003', 'yes please\n']) {
      const { exit, text } = await onTerminal(place, 'tide purge T-1 T-2', { typing: [[/Type yes: /, answer]] })
      expect(text).toContain('Purge T-1, T-2 for good?')
      expect(exit, `${JSON.stringify(answer)}`).toBe(4)
      expect(text).toMatch(/tide: .*not confirmed\nhint: /)
    }
    expect(await place.all()).toHaveLength(4)
    const { exit, text } = await onTerminal(place, 'tide purge T-1', { typing: [[/Type yes: /, 'yes\n']] })
    expect(exit, `${text}`).toBe(0)
    expect((await place.all()).map((task) => task.key)).toEqual(['T-2', 'T-3', 'T-4'])
  })

  it('[G28] a body typed at the terminal ends with Ctrl-D; Ctrl-C changes nothing', async () => {
    await using place = await withTable()
    const typed = await onTerminal(place, 'echo ready; tide set T-1 body=-', {
      typing: [[/ready/, 'first line\nsecond\n\u0004']],
    })
    expect(typed.exit, `${typed.text}`).toBe(0)
    expect((await place.json(['show', 'T-1'])).task?.body).toBe('first line\nsecond\n')
    const stopped = await onTerminal(place, 'echo ready; tide set T-1 body=-', { typing: [[/ready/, 'third\n\u0003']] })
    expect(stopped.exit).not.toBe(0)
    expect((await place.json(['show', 'T-1'])).task?.body).toBe('first line\nsecond\n')
  })

  it('[G9] TAB completes a command, a key and a value in an interactive bash', async () => {
    await using place = await withTable()
    const { text } = await onTerminal(place, 'PS1="ready> " bash --noprofile --norc -i', {
      env: { INPUTRC: '/dev/null' },
      typing: [
        [/ready> /, 'eval "$(tide completion bash)"\n'],
        [/ready> /, 'tide comple\tba\t | head -1\n'],
        [/# bash completion for tide[^]*ready> /, 'tide set T-\t\t'],
        [/T-1 [^]*T-4/, '2 stat\trev\t\n'],
        [/review\t[^]*ready> |review [^]*ready> /, 'exit\n'],
      ],
    })
    expect(text).toContain('# bash completion for tide')
    expect((await place.json(['show', 'T-2'])).task?.status).toBe('review')
  })
})
