/** The state of a workspace's relay in words. */
import type { RelayReport } from '../../src/internal.ts'

export function relayText({ state, url, reason }: RelayReport, unsynced: number): string {
  const place = url === null ? '' : `, ${url}`
  const why = reason === undefined ? '' : `: ${reason}`
  const left = unsynced === 0 || state === 'synced' || state === 'none' ? '' : `, ${unsynced} not sent`
  return `${state}${place}${left}${why}`
}
