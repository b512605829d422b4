/** Bodies whose line ends are mixed: what an edit of the text does to them. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeFormat } from '../../../adapters/markdown/native.ts'

const format = nativeFormat({ folder: 'tasks' })
const front = '---\r\ntitle: Fix login\r\n---\r\n\r\n'

interface Line {
  readonly said: string
  readonly end: string
}

const lines = fc.array(
  fc.record({
    said: fc.constantFrom('one', 'two', 'three words here', '\u{1f30a}'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
  }),
  { maxLength: 6 },
)
const rawOf = (all: readonly Line[]): string => all.map(({ said, end }) => said + end).join('')
const saidOf = (all: readonly Line[]): string => all.map(({ said }) => `${said}\n`).join('')

function patched(text: string, body: string): string {
  return format.patch('tasks/a.md', text, [{ task: 0, body }])
}

describe('bodies with line ends of their own', () => {
  it('[F23] lines that stay keep their line ends, whatever happens between them', () => {
    fc.assert(
      fc.property(lines, lines, lines, fc.array(fc.constantFrom('new', 'other', '')), (head, middle, tail, now) => {
        const gone = middle.map(({ said, end }) => ({ said: `gone ${said}`, end }))
        const text = front + rawOf([...head, ...gone, ...tail])
        const between = now.map((said) => `${said}\n`).join('')
        const result = patched(text, saidOf(head) + between + saidOf(tail))
        expect(result.startsWith(front + rawOf(head))).toBe(true)
        expect(result.endsWith(rawOf(tail))).toBe(true)
        expect(format.parse('tasks/a.md', result).tasks[0]?.body).toBe(saidOf(head) + between + saidOf(tail))
      }),
      { numRuns: 500 },
    )
  })

  it('[F23] a new line takes the line end of the one before it, else of the one below', () => {
    expect(patched(`${front}a\nb\r\n`, 'a\nx\nb\n')).toBe(`${front}a\nx\nb\r\n`)
    expect(patched(`${front}a\nb\r\n`, 'a\nb\nx\n')).toBe(`${front}a\nb\r\nx\r\n`)
    expect(patched(`${front}a`, 'x\na')).toBe(`${front}x\r\na`)
    expect(patched('a\r\n', 'x\na\n')).toBe('x\r\na\r\n')
    expect(patched('', 'x\na\n')).toBe('x\na\n')
  })

  it('[F23] a CR that comes to stand before an LF stays a line end of its own', () => {
    const text = '---\ntitle: T\n---\n\na\rb\n\nc'
    for (const body of ['a\n\n\nc', 'a\n\nc', 'a\nc', 'a\n\n\n\n\nc'])
      expect(format.parse('tasks/a.md', patched(text, body)).tasks[0]?.body).toBe(body)
  })

  it('[F24] one empty line below the front matter is not part of the body; it comes where a body needs it', () => {
    const bodyOf = (text: string): string | undefined => format.parse('tasks/a.md', text).tasks[0]?.body
    const fence = '---\ntitle: T\n---'
    expect([bodyOf(fence), bodyOf(`${fence}\n`), bodyOf(`${fence}\n\n`)]).toEqual(['', '', ''])
    expect([bodyOf(`${fence}\nx`), bodyOf(`${fence}\n\nx`), bodyOf(`${fence}\n\n\nx`)]).toEqual(['x', 'x', '\nx'])
    expect(bodyOf(`${fence}\n \nx`)).toBe(' \nx')
    expect([patched(fence, 'x'), patched(`${fence}\n`, 'x')]).toEqual([`${fence}\n\nx`, `${fence}\n\nx`])
    expect([patched(`${fence}\ny`, 'x'), patched(`${fence}\ny`, '\nx')]).toEqual([`${fence}\nx`, `${fence}\n\n\nx`])
    expect([patched(`${fence}\n\ny`, ''), patched('y', '---\na: b\n---\n')]).toEqual([
      `${fence}\n\n`,
      '---\n---\n\n---\na: b\n---\n',
    ])
  })
})
