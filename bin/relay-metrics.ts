/** The relay's numbers as Prometheus reads them. No project's name is among them: names of projects open them. */
import type { Relay } from '../src/index.ts'

export function metricsText(relay: Relay): string {
  const { counters } = relay
  const rooms = relay.rooms()
  const { rss, heapUsed } = process.memoryUsage()
  const lines: string[] = []
  const tell = (name: string, type: 'counter' | 'gauge', help: string, value: number): void =>
    void lines.push(`# HELP tidemark_${name} ${help}`, `# TYPE tidemark_${name} ${type}`, `tidemark_${name} ${value}`)
  tell('connections', 'gauge', 'Connections that are open.', counters.connected)
  tell('connections_total', 'counter', 'Connections that were taken.', counters.connections)
  tell('rooms', 'gauge', 'Projects in memory.', rooms.length)
  tell('rooms_opened_total', 'counter', 'Projects that were loaded.', counters.roomsOpened)
  tell('messages_total', 'counter', 'Messages that came in.', counters.messages)
  tell('received_bytes_total', 'counter', 'Bytes that came in.', counters.bytesIn)
  tell('sent_bytes_total', 'counter', 'Bytes that went out.', counters.bytesOut)
  tell('updates_total', 'counter', 'Updates that were committed.', counters.updates)
  tell('commits_total', 'counter', 'Commits to the disk.', counters.commits)
  tell('commit_failures_total', 'counter', 'Commits that the disk did not take.', counters.commitFailures)
  tell('refused_total', 'counter', 'Updates that were refused.', counters.refused)
  tell(
    'closed_slow_total',
    'counter',
    'Connections that were closed because they read too slowly.',
    counters.closedSlow,
  )
  tell(
    'closed_budget_total',
    'counter',
    'Connections that were closed because they sent too much.',
    counters.closedBudget,
  )
  tell('closed_hostile_total', 'counter', 'Connections that were closed for what they sent.', counters.closedHostile)
  tell('resident_bytes', 'gauge', 'Memory of the process.', rss)
  tell('heap_bytes', 'gauge', 'Memory in use by the program.', heapUsed)
  return `${lines.join('\n')}\n`
}
