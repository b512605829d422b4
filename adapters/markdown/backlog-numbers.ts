/** Which id Backlog.md would give a new task next. Pure: it is told the keys that are in use, and promises nothing to others who count. */
import { keyOfId } from './backlog-ids.ts'
import type { BacklogConfig } from './backlog-config.ts'

/** One more than the greatest number on the board and among the completed; archived numbers are given again. */
export function nextBacklogKey(
  keys: readonly string[],
  config: Pick<BacklogConfig, 'prefix'>,
  parent?: string,
): string {
  const stem = parent === undefined ? `${config.prefix.toUpperCase()}-` : `${keyOfId(parent, config) ?? parent}.`
  const numbers = keys
    .map((key) => keyOfId(key, config) ?? '')
    .filter((key) => key.startsWith(stem) && /^\d+(?:\.|$)/.test(key.slice(stem.length)))
    .filter((key) => parent !== undefined || !key.includes('.'))
    .map((key) => BigInt(/^\d+/.exec(key.slice(stem.length))?.[0] ?? '0'))
  const greatest = numbers.reduce((most, one) => (one > most ? one : most), 0n)
  return `${stem}${greatest + 1n}`
}
