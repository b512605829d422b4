/** `field=value`: what assignments ask for, and what they refuse. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAssignment, parseFreeValue } from '../../../adapters/cli/assignments.ts'
import { collectChanges } from '../../../adapters/cli/changes.ts'
import { asTaskError, type TaskError } from '../../../src/internal.ts'

function changesOf(...texts: readonly string[]): unknown {
  const changes = collectChanges()
  for (const text of texts) changes.put(parseAssignment(text))
  return changes.collected().changes
}

function refusal(...texts: readonly string[]): TaskError {
  try {
    changesOf(...texts)
  } catch (thrown) {
    return asTaskError(thrown)
  }
  throw new Error(`${texts.join(' ')} was not refused`)
}

describe('assignments', () => {
  it.each([
    [['title=Fix the login'], { title: 'Fix the login' }],
    [['title=a=b'], { title: 'a=b' }],
    [['status=doing'], { status: 'doing' }],
    [['priority=high'], { priority: 'high' }],
    [['priority='], { priority: null }],
    [['parent=T-1'], { parent: 'T-1' }],
    [['parent='], { parent: null }],
    [['parent=none'], { parent: null }],
    [['body=two\nlines '], { body: 'two\nlines ' }],
    [['body='], { body: '' }],
    [['depends=T-1, T-2'], { dependsOn: ['T-1', 'T-2'] }],
    [['dependsOn+=T-1'], { addDependsOn: ['T-1'] }],
    [['assignees-=sara'], { removeAssignees: ['sara'] }],
    [['labels='], { labels: [] }],
    [['labels=web,web,ui'], { labels: ['web', 'ui'] }],
    [['labels+=web,ui', 'labels-=old'], { addLabels: ['web', 'ui'], removeLabels: ['old'] }],
    [['labels=web', 'labels+=ui', 'labels-=web'], { labels: ['ui'] }],
    [['labels+=web', 'labels-=web'], { removeLabels: ['web'] }],
    [['labels-=web', 'labels+=web'], { addLabels: ['web'] }],
    [['due=2026-12-01', 'estimate=3'], { fields: { due: '2026-12-01', estimate: 3 } }],
    [['due='], { fields: { due: null } }],
    [['my field=x'], { fields: { 'my field': 'x' } }],
  ])('[L6] %j', (texts, changes) => {
    expect(changesOf(...texts)).toEqual(changes)
  })

  it('[L6] body=- means standard input', () => {
    const changes = collectChanges()
    changes.put(parseAssignment('body=-'))
    expect(changes.collected()).toEqual({ changes: {}, bodyFromInput: true })
  })

  it('[L6] a field named like a part of every object is a field like any other', () => {
    const changes = changesOf('__proto__=x', 'constructor=y')
    expect(JSON.stringify(changes)).toBe('{"fields":{"__proto__":"x","constructor":"y"}}')
  })

  it.each([
    [['=x'], 'does not say which field'],
    [['+=x'], 'does not say which field'],
    [['nothing'], 'does not say which field'],
    [['title='], 'a task always has one'],
    [['status= '], 'a task always has one'],
    [['priority=urgent'], '"urgent" is not a priority'],
    [['priority+=high'], 'it is not a set'],
    [['due-=x'], 'it is not a set'],
    [['labels+='], 'names nothing'],
    [['status=a', 'status=b'], 'it is given twice'],
    [['due=a', 'due=b'], 'it is given twice'],
    [['labels+=a', 'labels=b'], 'it is given twice'],
    [['key=T-9'], 'it cannot be set'],
    [['updatedAt=now'], 'it cannot be set'],
  ])('[L7] %j is refused', (texts, problem) => {
    const error = refusal(...texts)
    expect(error.code).toBe('INVALID_INPUT')
    expect(error.message).toContain(problem)
  })

  it.each([
    ['label=web', 'labels'],
    ['Status=done', 'status'],
    ['PRIORITY=high', 'priority'],
    ['dependson=T-1', 'depends'],
  ])('[L7] %s is taken for a slip, not for a field of its own', (text, meant) => {
    expect(refusal(text).hint).toBe(`did you mean ${meant}?`)
  })
})

describe('values of a field of your own', () => {
  it.each([
    ['3', 3],
    ['-2.5', -2.5],
    ['true', true],
    ['null', null],
    ['["a",1]', ['a', 1]],
    ['{"a":[1]}', { a: [1] }],
    ['"5"', '5'],
    ['5 apples', '5 apples'],
    ['2026-12-01', '2026-12-01'],
    ['"half', '"half'],
    ['[broken', '[broken'],
    ['1.50', '1.50'],
    ['1e5', '1e5'],
    ['007', '007'],
    ['12345678901234567890', '12345678901234567890'],
  ])('[L8] %s', (text, value) => {
    expect(parseFreeValue(text)).toEqual(value)
  })

  it('[L8] no digit is lost: what became a number prints as it was typed', () => {
    const digits = fc.stringMatching(/^-?[0-9.e+]{1,24}$/)
    const property = fc.property(digits, (text) => {
      const value = parseFreeValue(text)
      expect(typeof value === 'number' ? String(value) : value).toBe(text)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
