/** Requests from outside: those that make sense come out as they are, all others name what is wrong. */
import { describe, expect, it } from 'vitest'
import {
  claimLimits,
  defaultLeaseMs,
  isChanging,
  isRequestKind,
  parseRequest,
  parseWait,
} from '../../src/claims/parse.ts'
import type { ClaimRequest } from '../../src/claims/request.ts'
import { A, ANN, B, BOB, checkOf, claimOf, human, releaseOf, renewOf, takeOf } from '../support/claim-words.ts'

const whole: readonly ClaimRequest[] = [
  claimOf(ANN, [A, B]),
  claimOf(human('zoe', ''), [A], { steal: 'it hangs' }),
  takeOf([ANN, BOB], [A, B], { each: 3, countsHeld: true }),
  takeOf([ANN], []),
  renewOf(ANN, [
    [A, 17],
    [B, null],
  ]),
  releaseOf(ANN, [[A, 2 ** 52 + 1]]),
  checkOf(ANN, [A]),
  { kind: 'verify', tasks: [[A, 1]] },
  { kind: 'learn', tokens: [[A, 2 ** 52]] },
  { kind: 'list' },
]

describe('a request from outside', () => {
  it.each(whole)('[C26] $kind comes out as it went in', (request) => {
    const { kind, ...params } = request
    expect(parseRequest(kind, JSON.parse(JSON.stringify(params)))).toEqual(request)
    expect(isRequestKind(kind)).toBe(true)
  })

  it('[C26] has a lease of half an hour and no wait where nothing is said, and needs no workspace', () => {
    const given = { request: 'r1', tasks: [A, A], holder: { by: ' ann ', type: 'agent' }, unknown: 1 }
    expect(parseRequest('claim', given)).toEqual({
      kind: 'claim',
      request: 'r1',
      tasks: [A],
      leaseMs: defaultLeaseMs,
      holder: { by: 'ann', type: 'agent', workspace: '' },
    })
    expect([parseWait(undefined), parseWait(0), parseWait(600_000)]).toEqual([0, 0, 600_000])
  })

  it('[C12] that names the same holder twice means it once', () => {
    const given = { ...takeOf([ANN, BOB, ANN], [A]), kind: undefined }
    expect(parseRequest('take', given)).toMatchObject({ holders: [ANN, BOB] })
  })

  const line = (text: string): object => ({ ...claimOf(ANN, [A]), holder: { ...ANN, by: text } })
  const wrong: readonly (readonly [string, ClaimRequest['kind'], unknown])[] = [
    ['no object', 'claim', 'claim'],
    ['a list', 'list', []],
    ['nothing', 'list', null],
    ['no id', 'claim', { ...claimOf(ANN, [A]), request: '' }],
    ['no tasks', 'claim', claimOf(ANN, [])],
    ['too many tasks', 'claim', { ...claimOf(ANN, []), tasks: Array.from({ length: claimLimits.tasks + 1 }, () => A) }],
    ['no uid', 'claim', { ...claimOf(ANN, []), tasks: ['T-1'] }],
    ['no holder', 'claim', { ...claimOf(ANN, [A]), holder: undefined }],
    ['no type', 'claim', { ...claimOf(ANN, [A]), holder: { by: 'ann' } }],
    ['a name that is too long', 'claim', line('n'.repeat(claimLimits.name + 1))],
    ['a name of two lines', 'claim', line('ann\nbob')],
    ['a name of two lines in another way', 'claim', line('ann\u2028bob')],
    ['half a character', 'claim', line('ann\ud800')],
    ['a workspace of two lines', 'check', checkOf({ ...ANN, workspace: 'a\tb' }, [A])],
    ['a lease that is too short', 'claim', claimOf(ANN, [A], { leaseMs: 999 })],
    ['a lease that is too long', 'renew', renewOf(ANN, [[A, null]], claimLimits.longestLeaseMs + 1)],
    ['a lease of half a millisecond', 'claim', claimOf(ANN, [A], { leaseMs: 1_000.5 })],
    ['no reason', 'claim', claimOf(ANN, [A], { steal: ' ' })],
    ['a reason that is too long', 'claim', claimOf(ANN, [A], { steal: 'r'.repeat(claimLimits.reason + 1) })],
    ['no holders', 'take', takeOf([], [A])],
    ['none each', 'take', takeOf([ANN], [A], { each: 0 })],
    ['no candidates', 'take', { ...takeOf([ANN], []), candidates: undefined }],
    ['no token', 'renew', { ...renewOf(ANN, []), tasks: [[A]] }],
    ['a token of 0', 'release', releaseOf(ANN, [[A, 0]])],
    ['no pair', 'verify', { tasks: [A] }],
    ['no token to verify', 'verify', { tasks: [[A, null]] }],
    ['a token that leaves no room above it', 'learn', { tokens: [[A, 2 ** 52 + 1]] }],
  ]
  it.each(wrong)('[C26] with %s is refused', (_, kind, params) => {
    expect(() => parseRequest(kind, params)).toThrowError(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it.each([-1, 0.5, 600_001, '5s', null])('[C26] does not wait %j', (value) => {
    expect(() => parseWait(value)).toThrowError(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('[C26] needs the right to write unless it only looks', () => {
    const kinds = whole.map(({ kind }) => kind)
    expect(new Set(kinds.filter((kind) => !isChanging(kind)))).toEqual(new Set(['check', 'verify', 'list']))
    expect(isRequestKind('grant')).toBe(false)
  })
})
