/** A difference between two texts, put into a third: nothing is lost by it, and what both changed alike stands once. */
import { describe, expect, it } from 'vitest'
import { carried } from '../../src/mirror/carried.ts'
import { parseUid } from '../../src/ids.ts'
import type { ShownTask } from '../../src/mirror/explain.ts'

function shown(body: string): ShownTask {
  return { uid: parseUid('f00000000a'), said: new Map(), implied: new Set(), body }
}

function carriedBody(before: string, after: string, onto: string): string | undefined {
  return carried([shown(before)], [shown(after)], [shown(onto)])[0]?.body
}

function linesWith(body: string, words: string): number {
  return body.split('\n').filter((line) => line.includes(words)).length
}

describe('a difference that is carried over', () => {
  it('[M13] what both put there stands once, also where the one put it beside and the other in place of something', () => {
    const before = 'Line one.\n- [ ] check\n- [ ] then\n'
    const onto = 'Line one.\n- quick idea\n- [ ] new check\n- [ ] then late\n'
    const after = 'Line one.\n- quick idea\n- [ ] then late\n'
    const body = carriedBody(before, after, onto) ?? ''
    expect(linesWith(body, 'quick idea')).toBe(1)
    expect(body).toContain('new')
    expect(body.match(/late/g)).toHaveLength(1)
  })

  it('[M13] a line that one moved is where it was moved to, whatever the other put into it', () => {
    const body = carriedBody('one\ntwo\nthree\n', 'two\nthree\none\n', 'one and more\ntwo\nthree\n') ?? ''
    expect(body.match(/\bone\b/g)).toHaveLength(1)
    expect(body).toContain('and more')
  })

  it('[M13] a line that was moved with the words that came into it stands once', () => {
    const body =
      carriedBody('one two\nlast\nmore\n', 'last\nmore\none new two\n', 'one new two\nlast\nmore\nlate\n') ?? ''
    expect(body.match(/new/g)).toHaveLength(1)
    expect(body).toContain('late')
  })

  it('[M13] words that came into a line here which is gone there are not written to the next', () => {
    const body = carriedBody('one two three\nlast\n', 'last\n', 'one two new three\nlast\n')
    expect(body?.split('\n').map((line) => line.trim())).toEqual(['new', 'last', ''])
  })

  it('[M13] words that came into a line which is gone here are not put in front of the next', () => {
    expect(carriedBody('first\nlast\n', 'first and more\nlast\n', 'last\n')).toBe('and more\nlast\n')
  })
})
