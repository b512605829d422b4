/** Errors as callers meet them: a sentence, a hint, a code that stays, the same on both sides of a process border. */
import { describe, expect, it } from 'vitest'
import { asTaskError, errorTable, isErrorCode, TaskError, taskErrorFrom } from '../src/errors.ts'

const CODES = Object.keys(errorTable).filter(isErrorCode)

describe('an error', () => {
  it('[V4] says what is wrong and what to do, with the details in their places', () => {
    const cause = new Error('below')
    const error = new TaskError('KEY_AMBIGUOUS', { key: '$& {x}', candidates: ['T-1', 'T-2'] }, { cause })
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.message, error.hint, error.exit, error.cause]).toEqual([
      'TaskError',
      '$& {x} fits several tasks: T-1, T-2',
      'name one of them in full',
      2,
      cause,
    ])
    expect(new TaskError('INVALID_INPUT', { field: 'title', problem: 'it is {bad}', fix: 'say {more}' }).hint).toBe(
      'say {more}',
    )
    expect(new TaskError('CHANGE_NOT_FOUND').message).toBe('there is no change to take back')
  })

  it('[V4] every code has a sentence, a hint that destroys nothing, and numbers for each door', () => {
    expect(CODES.length).toBeGreaterThan(20)
    for (const code of CODES) {
      const { sentence, hint, exit, http, rpc } = errorTable[code]
      expect([
        code,
        sentence === '',
        hint === '',
        exit >= 1 && exit <= 7,
        http >= 400 && http < 600,
        Number.isInteger(rpc),
      ]).toEqual([code, false, false, true, true, true])
      expect([code, /\brm\b|delete the|remove the|reset --hard|--force/.test(hint)]).toEqual([code, false])
    }
  })

  it('[V5] crosses a border between processes whole', () => {
    const error = new TaskError('CHANGED_SINCE', { key: 'T-1', field: 'status' })
    const there = taskErrorFrom(JSON.parse(JSON.stringify(error)))
    expect(there).toBeInstanceOf(TaskError)
    expect([there.code, there.message, there.hint, there.details]).toEqual([
      error.code,
      error.message,
      error.hint,
      error.details,
    ])
  })

  it.each([
    null,
    undefined,
    'CHANGED_SINCE',
    {},
    { code: 'NEW_CODE' },
    { code: 'toString' },
    { code: '__proto__' },
    { code: 7 },
  ])('[V5] one that this version does not know is a fault: %j', (json) => {
    expect(taskErrorFrom(json).code).toBe('FAULT')
  })

  it('[V5] details that are none are no obstacle', () => {
    for (const details of [null, 'x', undefined]) expect(taskErrorFrom({ code: 'FAULT', details }).details).toEqual({})
  })

  it('[V6] anything thrown becomes one, keeping what was thrown for the log', () => {
    const known = new TaskError('STORE_LOCKED', { holder: 'another' })
    expect(asTaskError(known)).toBe(known)
    const thrown = new TypeError('x is not a function')
    expect(asTaskError(thrown)).toMatchObject({ code: 'FAULT', cause: thrown, exit: 1 })
    expect(asTaskError(thrown).message).toContain('x is not a function')
    expect(asTaskError('a text').message).toContain('a text')
    expect(asTaskError(undefined).code).toBe('FAULT')
  })

  it('[V6] only codes of the table are codes', () => {
    expect(['FAULT', 'TASK_NOT_FOUND'].every(isErrorCode)).toBe(true)
    expect(['fault', 'toString', '__proto__', '', 7, null, undefined].some(isErrorCode)).toBe(false)
  })
})
