/** Help, and what is loaded before a command does its work. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commandTable } from '../../../adapters/cli/command-table.ts'
import { tide } from './run.ts'

const promised =
  'init add list ready show search edit set start done drop reopen delete restore purge move comment history undo conflicts resolve status sync config backup recover doctor completion demo up down join token server claim renew release claims assign'.split(
    ' ',
  )
const cli = fileURLToPath(new URL('../../../adapters/cli/', import.meta.url))

describe('help', () => {
  it('[L31] top-level help names every command with its summary, and no other', async () => {
    const { out, exit } = await tide([])
    expect(exit).toBe(0)
    const named = [...out.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? '')
    expect(named.toSorted()).toEqual(promised.toSorted())
    for (const argv of [['help'], ['--help'], ['-h'], ['help', 'help']]) expect((await tide(argv)).out).toBe(out)
  })

  it.each(promised)('[L31] tide help %s is its --help, with examples, the same every time', async (name) => {
    const { out, exit } = await tide([name, '--help'])
    expect(exit).toBe(0)
    expect(out).toMatch(new RegExp(`^Usage: tide ${name} \\[options\\]`))
    for (const part of ['\nOptions:\n', '--json', '--dir <path>', '--help', '\nExamples:\n'])
      expect(out).toContain(part)
    for (const argv of [
      ['help', name],
      [name, '-h'],
      ['--help', name],
      [name, 'some', '--bogus', '--help'],
    ]) {
      expect((await tide(argv)).out).toBe(out)
    }
    expect((await tide([name, '--help'], { terminal: 80, colour: true })).out).toBe(out)
  })

  it.each([80, 100])('[L31] at %i columns no line of help but an example is wider', async (columns) => {
    for (const argv of [[], ...promised.map((name) => [name, '--help'])]) {
      const { out } = await tide(argv, { env: { COLUMNS: String(columns) } })
      const lines = out.split('\n').filter((line) => !line.startsWith('  tide ') && !line.includes('eval '))
      expect(lines.filter((line) => line.length > columns)).toEqual([])
    }
  })

  it('[L31] every example is a command that the grammar understands', async () => {
    for (const { name, load } of commandTable) {
      const { command } = await load()
      const lines = command.examples.map(([line]) => line)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.some((line) => line.includes(`tide ${name}`))).toBe(true)
    }
  })

  it('[L31] the version is a line of its own', async () => {
    expect((await tide(['--version'])).out).toBe('1.2.3\n')
    expect(await tide(['--verbose'])).toMatchObject({ exit: 2, out: '' })
  })
})

describe('what is loaded', () => {
  it('[L32] before it knows the command, the program loads no command and nothing that draws', () => {
    const loaded = closure('program.ts')
    expect(loaded).toEqual(['command-table.ts', 'grammar.ts', 'io.ts', 'program.ts', 'values.ts'])
  })

  it.each(['list', 'ready', 'search', 'show', 'set', 'add', 'done'])(
    '[L32] tide %s loads tables and widths only to draw',
    (name) => {
      const loaded = closure(`commands/${name}.ts`)
      for (const drawing of ['width.ts', 'row-table.ts', 'detail.ts', 'help.ts', 'failure.ts'])
        expect(loaded).not.toContain(drawing)
    },
  )
})

/** What a module imports at its top, and what that imports. Types cost nothing. */
function closure(from: string, seen: Set<string> = new Set()): string[] {
  if (seen.has(from)) return []
  seen.add(from)
  const text = readFileSync(join(cli, from), 'utf8')
  for (const [, path = ''] of text.matchAll(/^import (?!type\b)[^'\n]*(?:\n[^'\n]*)*? from '(\.[^']+)'$/gm)) {
    const target = join(dirname(from), path)
    if (!target.startsWith('..')) closure(target, seen)
  }
  return [...seen].toSorted()
}
