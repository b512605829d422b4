/** What a relay has done since it began: numbers only, for its metrics and its status. */

export class Counters {
  connections = 0
  connected = 0
  closedSlow = 0
  closedBudget = 0
  closedHostile = 0
  messages = 0
  bytesIn = 0
  bytesOut = 0
  updates = 0
  commits = 0
  commitFailures = 0
  refused = 0
  roomsOpened = 0

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this))
  }
}
