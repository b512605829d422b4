/** A log write as a Yjs update (format v1), made by hand: no document is needed, only ids. */
import * as encoding from 'lib0/encoding'

const CONTENT_EMBED = 5
const CONTENT_ANY = 8
const HAS_ORIGIN = 0x80

/**
 * The entries of the write, after `tail`, and the deletion of what it supersedes.
 * `tail` is the id of the log's last item, or null for the first write, which names the root instead.
 * `deletes` are ids; adjacent ones become one run, clients in descending order, as Yjs itself writes them.
 *
 * `embedFirst`: the first entry goes as an embed, which Yjs never joins with its neighbours while it is alive. Without
 * it all alive entries of a client become one array that every append copies, and that a load of many unmerged updates
 * copies once per update: quadratic time and memory (yjs-facts.mjs). Deleted entries are joined either way.
 */
export const encodeLogUpdate = ({ client, clock, tail, root, entries, deletes, embedFirst = true }) => {
  const out = encoding.createEncoder()
  const hasMore = embedFirst && entries.length > 1
  encoding.writeVarUint(out, 1)
  encoding.writeVarUint(out, hasMore ? 2 : 1)
  encoding.writeVarUint(out, client)
  encoding.writeVarUint(out, clock)
  writePlace(out, embedFirst ? CONTENT_EMBED : CONTENT_ANY, tail, root)
  if (embedFirst) encoding.writeVarString(out, JSON.stringify(entries[0]))
  if (hasMore) writePlace(out, CONTENT_ANY, { client, clock }, root)
  if (hasMore || !embedFirst) {
    encoding.writeVarUint(out, entries.length - (hasMore ? 1 : 0))
    for (let i = hasMore ? 1 : 0; i < entries.length; i++) encoding.writeAny(out, entries[i])
  }
  writeDeletes(out, deletes)
  return encoding.toUint8Array(out)
}

const writePlace = (out, content, tail, root) => {
  if (tail === null) {
    encoding.writeUint8(out, content)
    encoding.writeVarUint(out, 1)
    encoding.writeVarString(out, root)
  } else {
    encoding.writeUint8(out, content | HAS_ORIGIN)
    encoding.writeVarUint(out, tail.client)
    encoding.writeVarUint(out, tail.clock)
  }
}

const writeDeletes = (out, deletes) => {
  const sorted = deletes.toSorted((a, b) => b.client - a.client || a.clock - b.clock)
  const clients = []
  for (const { client, clock } of sorted) {
    let last = clients.at(-1)
    if (last?.client !== client) clients.push((last = { client, runs: [] }))
    const run = last.runs.at(-1)
    if (run !== undefined && run.clock + run.length >= clock) run.length = clock + 1 - run.clock
    else last.runs.push({ clock, length: 1 })
  }
  encoding.writeVarUint(out, clients.length)
  for (const { client, runs } of clients) {
    encoding.writeVarUint(out, client)
    encoding.writeVarUint(out, runs.length)
    for (const { clock, length } of runs) {
      encoding.writeVarUint(out, clock)
      encoding.writeVarUint(out, length)
    }
  }
}
