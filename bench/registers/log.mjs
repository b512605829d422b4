/** Structure (b): an append-only log per actor, superseded entries deleted; a table of alive values is derived from it. */
import * as Y from 'yjs'
import { codeOf, codeOfEntry, formatEntry, parseEntry, uidOfEntry } from './log-entry.mjs'
import { encodeLogUpdate } from './log-update.mjs'

const ROOT = 'log/'
const NONE = []

/**
 * The document's own client id never writes: entries arrive as updates under the writer's id, also those of this
 * replica. So there is one way in, and a write made without the document (blind.mjs) is the same write.
 */
export const openLog = (doc, { embedFirst = true } = {}) => {
  const table = new Map() // uid -> code -> { client, clock, entry } or, in a conflict, a list of them
  const isLogByType = new Map()
  const isLog = (type) => {
    let known = isLogByType.get(type)
    if (known === undefined) {
      known = type._item === null && Y.findRootTypeKey(type).startsWith(ROOT)
      isLogByType.set(type, known)
    }
    return known
  }

  const add = (client, clock, entry) => {
    const uid = uidOfEntry(entry)
    let fields = table.get(uid)
    if (fields === undefined) table.set(uid, (fields = new Map()))
    const code = codeOfEntry(entry)
    const old = fields.get(code)
    const value = { client, clock, entry }
    if (old === undefined) fields.set(code, value)
    else if (Array.isArray(old)) old.push(value)
    else fields.set(code, [old, value])
  }

  const remove = (client, clock, entry) => {
    const fields = table.get(uidOfEntry(entry))
    const code = codeOfEntry(entry)
    const old = fields.get(code)
    if (!Array.isArray(old)) return void fields.delete(code)
    const rest = old.filter((value) => value.clock !== clock || value.client !== client)
    fields.set(code, rest.length === 1 ? rest[0] : rest)
  }

  // Before Yjs drops the content of what was deleted: the table needs the text to find the register.
  doc.on('afterTransaction', (transaction) => {
    const { beforeState, afterState, deleteSet } = transaction
    for (const [client, deletes] of deleteSet.clients) {
      const known = beforeState.get(client) ?? 0
      for (const { clock, len } of deletes)
        if (clock < known) eachEntry(client, clock, Math.min(clock + len, known), true, remove)
    }
    for (const [client, clock] of afterState) {
      const known = beforeState.get(client) ?? 0
      if (clock !== known) eachEntry(client, known, clock, false, add)
    }
  })

  const eachEntry = (client, from, to, deleted, visit) => {
    const structs = doc.store.clients.get(client)
    for (let i = Y.findIndexSS(structs, from); i < structs.length && structs[i].id.clock < to; i++) {
      const item = structs[i]
      if (item.deleted !== deleted || !isEntry(item) || !isLog(item.parent)) continue
      const arr = item.content.getContent()
      const first = item.id.clock
      const end = Math.min(arr.length, to - first)
      for (let j = Math.max(0, from - first); j < end; j++) visit(client, first + j, arr[j])
    }
  }

  const aliveAt = (uid, code) => {
    const found = table.get(uid)?.get(code)
    return found === undefined ? NONE : Array.isArray(found) ? found : [found]
  }

  return {
    doc,
    table,
    /** Who writes: an actor under a client id of its own. */
    writer: (actor, client) => {
      const root = ROOT + actor
      return { actor, client, root, clock: Y.getState(doc.store, client), tail: tailOf(doc, root) }
    },
    alive: (uid, field) =>
      aliveAt(uid, codeOf(field)).map(({ client, clock, entry }) => {
        const { at, value } = parseEntry(entry)
        return { client, clock, at, value }
      }),
    write: (writer, edits, now) => {
      const entries = []
      const deletes = []
      for (const { uid, field, value, base } of edits) {
        const alive = aliveAt(uid, codeOf(field))
        let at = now
        for (const seen of base) {
          if (!alive.some(({ client, clock }) => client === seen.client && clock === seen.clock)) continue
          deletes.push(seen)
          if (seen.at >= at) at = seen.at + 1
        }
        entries.push(formatEntry(uid, field, at, value))
      }
      const { client, clock, tail, root } = writer
      Y.applyUpdate(doc, encodeLogUpdate({ client, clock, tail, root, entries, deletes, embedFirst }))
      writer.clock += entries.length
      writer.tail = { client, clock: writer.clock - 1 }
    },
    digest: () =>
      digestOf(
        [...table].flatMap(([uid, fields]) =>
          [...fields.keys()].map((code) => [
            uid + code,
            aliveAt(uid, code).map((v) => `${v.client}:${v.clock}=${v.entry}`),
          ]),
        ),
      ),
    tableSize: () => [...table.values()].reduce((sum, fields) => sum + fields.size, 0),
  }
}

const isEntry = ({ content }) => content?.constructor === Y.ContentAny || content?.constructor === Y.ContentEmbed

/** A log without embeds, to compare with. */
export const openJoinedLog = (doc) => openLog(doc, { embedFirst: false })

/** The last item of a log, once per opening. Later writes follow the writer's own last entry. */
const tailOf = (doc, root) => {
  let item = doc.share.get(root)?._start ?? null
  while (item?.right) item = item.right
  return item === null ? null : item.lastId
}

export const digestOf = (rows) =>
  JSON.stringify(rows.map(([key, values]) => [key, values.toSorted()]).sort((a, b) => (a[0] < b[0] ? -1 : 1)))
