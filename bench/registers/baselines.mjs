/** What the two structures are compared with: each is simpler and each loses values. */
import * as Y from 'yjs'
import { codeOf } from './log-entry.mjs'
import { digestOf } from './log.mjs'

const later = (base, now) => base.reduce((latest, seen) => Math.max(latest, seen.at + 1), now)
const mapDigest = (map) => digestOf([...map.keys()].map((key) => [key, [JSON.stringify(map.get(key))]]))

/** One key per register: the last writer wins, whatever it saw. */
export const openFlat = (doc) => {
  const map = doc.getMap('tasks')
  return {
    doc,
    writer: (actor, client) => ({ actor, client }),
    alive: (uid, field) => {
      const found = map.get(`${uid}/${codeOf(field)}`)
      return found === undefined ? [] : [{ at: found[1], value: found[0] }]
    },
    write: (writer, edits, now) => {
      doc.clientID = writer.client
      doc.transact(() => {
        for (const { uid, field, value, base } of edits) map.set(`${uid}/${codeOf(field)}`, [value, later(base, now)])
      })
    },
    digest: () => mapDigest(map),
    keyCount: () => map._map.size,
    /** What a reader of the whole document does: touch every value once. */
    readAll: () => {
      let sum = 0
      map.forEach(([, at]) => (sum += at))
      return sum
    },
  }
}

/** A key per register and actor, without lanes. */
export const openNaive = (doc) => {
  const map = doc.getMap('tasks')
  return {
    doc,
    writer: (actor, client) => ({ actor, client }),
    alive: (uid, field) => {
      const prefix = `${uid}/${codeOf(field)}/`
      return [...map.keys()]
        .filter((key) => key.startsWith(prefix))
        .map((key) => {
          const [value, at] = map.get(key)
          return { key, at, value }
        })
    },
    write: (writer, edits, now) => {
      doc.clientID = writer.client
      doc.transact(() => {
        for (const { uid, field, value, base } of edits) {
          const own = `${uid}/${codeOf(field)}/${writer.actor}`
          const superseded = base.filter((seen) => map.get(seen.key)?.[1] === seen.at)
          for (const { key } of superseded) if (key !== own) map.delete(key)
          map.set(own, [value, later(superseded, now)])
        }
      })
    },
    digest: () => mapDigest(map),
  }
}

/** A map per task, as most Yjs applications write it. */
export const openNested = (doc) => {
  const root = doc.getMap('tasks')
  return {
    doc,
    writer: (actor, client) => ({ actor, client }),
    alive: (uid, field) => {
      const found = root.get(uid)?.get(field)
      return found === undefined ? [] : [{ at: found[1], value: found[0] }]
    },
    write: (writer, edits, now) => {
      doc.clientID = writer.client
      doc.transact(() => {
        for (const { uid, field, value, base } of edits) {
          if (!root.has(uid)) root.set(uid, new Y.Map())
          root.get(uid).set(field, [value, later(base, now)])
        }
      })
    },
    digest: () => digestOf([...root.keys()].map((uid) => [uid, [mapDigest(root.get(uid))]])),
  }
}
