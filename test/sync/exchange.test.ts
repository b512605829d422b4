/** The bytes of exchanges without a connection. */
import { describe, expect, it } from 'vitest'
import {
  readExchangeAnswer,
  readExchangeRequest,
  writeExchangeAnswer,
  writeExchangeRequest,
} from '../../src/sync/exchange.ts'
import { createDice } from '../support/dice.ts'

describe('exchanges', () => {
  it('[U52] requests and answers come back as they went; cut, longer or noisy ones are refused, never thrown at', () => {
    const request = { vector: Uint8Array.of(1, 2, 3), update: Uint8Array.of() }
    const answer = {
      status: 'read-only' as const,
      epoch: 'e',
      seq: 2 ** 40,
      time: 1e12,
      vector: Uint8Array.of(0),
      missing: new Uint8Array(300),
    }
    const [asked, told] = [writeExchangeRequest(request), writeExchangeAnswer(answer)]
    expect([readExchangeRequest(asked), readExchangeAnswer(told)]).toEqual([request, answer])
    for (let end = 0; end < asked.length; end++) expect(readExchangeRequest(asked.slice(0, end))).toBeUndefined()
    for (let end = 0; end < told.length; end++) expect(readExchangeAnswer(told.slice(0, end))).toBeUndefined()
    expect(readExchangeRequest(Uint8Array.of(...asked, 0))).toBeUndefined()
    expect(readExchangeAnswer(Uint8Array.of(9, ...told.slice(1)))).toBeUndefined()
    const dice = createDice(3)
    for (let count = 0; count < 5_000; count++) {
      const noise = dice.bytes(dice.below(20))
      readExchangeRequest(noise)
      readExchangeAnswer(noise)
    }
  })
})
