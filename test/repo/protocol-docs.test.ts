/** docs/protocol.md says the numbers that the code has. */
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/relay/limits.ts'
import { shapeLimits } from '../../src/relay/shape.ts'
import {
  CLOSE,
  PROTOCOL_VERSION,
  readClientMessage,
  readRelayMessage,
  writeAwareness,
  writeBarrier,
  writeClaimsNews,
  writeDenied,
  writeMissing,
  writeQueryAwareness,
  writeQuestion,
  writeRefused,
  writeSettled,
  writeUpdate,
  writeVector,
} from '../../src/sync/protocol.ts'
import { read } from './source.ts'

const page = read('docs/protocol.md')

/** Rows of the table whose heading row begins so, as cells. */
function table(...heading: readonly string[]): readonly (readonly string[])[] {
  const lines = page.split('\n')
  return lines.flatMap((line, at) => {
    if (!line.startsWith(`| ${heading.join(' | ')} |`)) return []
    const rest = lines.slice(at + 2)
    return rest
      .slice(
        0,
        rest.findIndex((row) => !row.startsWith('|')),
      )
      .map((row) =>
        row
          .slice(2)
          .split(' | ')
          .map((cell) => cell.replaceAll('`', '').trim()),
      )
  })
}

describe('docs/protocol.md', () => {
  it('names every type of message by its number', () => {
    const bytes = Uint8Array.of()
    const types: Readonly<Record<string, Uint8Array>> = {
      sync: writeVector(bytes),
      awareness: writeAwareness(bytes),
      denied: writeDenied(''),
      'query awareness': writeQueryAwareness(),
      'barrier, settled': writeBarrier(1),
      'question, answer': writeQuestion(1, ''),
      refused: writeRefused('', ''),
      'claims changed': writeClaimsNews(),
    }
    expect(table('type', 'name', 'direction').map(([type, name]) => [name, Number(type)])).toEqual(
      Object.entries(types).map(([name, frame]) => [name, frame[0]]),
    )
    for (let type = 0; type < 128; type++) {
      const isKnown = Object.values(types).some(([first]) => first === type)
      for (const readOne of [readClientMessage, readRelayMessage])
        expect([type, readOne(Uint8Array.of(type, 0))?.kind === 'unknown']).toEqual([type, !isKnown])
    }
  })

  it('names the steps of sync, the statuses and the version', () => {
    const steps = { vector: writeVector, missing: writeMissing, update: writeUpdate }
    expect(table('step', 'name').map(([step, name]) => [name, Number(step)])).toEqual(
      Object.entries(steps).map(([name, write]) => [name, write(Uint8Array.of())[1]]),
    )
    const statuses = (['committed', 'refused', 'read-only'] as const).map((status) => [
      status,
      writeSettled({ number: 1, status, epoch: '', time: 0 })[2],
    ])
    expect(table('status', 'name').map(([status, name]) => [name, Number(status)])).toEqual(statuses)
    expect(page).toContain(`\nVersion ${PROTOCOL_VERSION}. `)
  })

  it('names every close code', () => {
    expect(table('code', 'name').map(([code, name]) => [name, Number(code)])).toEqual(Object.entries(CLOSE))
  })

  it('names every limit with its default', () => {
    expect(table('option', 'default').map(([name, value]) => [name, Number(value)])).toEqual([
      ...Object.entries(defaultLimits),
      ...Object.entries(shapeLimits),
    ])
  })
})
