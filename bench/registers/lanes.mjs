/** Structure (a): one flat map, a key per register, actor and lane: `uid/field/actor~lane` -> [value, at]. */
import { codeOf } from './log-entry.mjs'
import { digestOf } from './log.mjs'

const NONE = []

export const openLanes = (doc) => {
  const map = doc.getMap('tasks')
  const table = new Map() // uid -> code -> key or, in a conflict, a list of keys

  const add = (key) => {
    const [uid, code] = key.split('/')
    let fields = table.get(uid)
    if (fields === undefined) table.set(uid, (fields = new Map()))
    const old = fields.get(code)
    if (old === undefined) fields.set(code, key)
    else if (Array.isArray(old) ? !old.includes(key) : old !== key) fields.set(code, [old, key].flat())
  }
  const remove = (key) => {
    const [uid, code] = key.split('/')
    const fields = table.get(uid)
    const old = fields?.get(code)
    if (old === key) fields.delete(code)
    if (!Array.isArray(old)) return
    const rest = old.filter((other) => other !== key)
    fields.set(code, rest.length === 1 ? rest[0] : rest)
  }
  map.observe((event) => {
    for (const key of event.keysChanged) {
      if (map.has(key)) add(key)
      else remove(key)
    }
  })

  const keysAt = (uid, code) => {
    const found = table.get(uid)?.get(code)
    return found === undefined ? NONE : Array.isArray(found) ? found : [found]
  }

  return {
    doc,
    table,
    writer: (actor, client) => ({ actor, client }),
    alive: (uid, field) =>
      keysAt(uid, codeOf(field)).map((key) => {
        const [value, at] = map.get(key)
        return { key, at, value }
      }),
    write: (writer, edits, now) => {
      doc.clientID = writer.client
      doc.transact(() => {
        for (const { uid, field, value, base } of edits) {
          const prefix = `${uid}/${codeOf(field)}/${writer.actor}~`
          const superseded = base.filter((seen) => map.get(seen.key)?.[1] === seen.at)
          const at = superseded.reduce((latest, seen) => Math.max(latest, seen.at + 1), now)
          let lane = 0
          while (map.has(prefix + lane) && !superseded.some((seen) => seen.key === prefix + lane)) lane++
          for (const { key } of superseded) if (key !== prefix + lane) map.delete(key)
          map.set(prefix + lane, [value, at])
        }
      })
    },
    digest: () =>
      digestOf(
        [...table].flatMap(([uid, fields]) =>
          [...fields.keys()].map((code) => [
            uid + code,
            keysAt(uid, code).map((k) => k + '=' + JSON.stringify(map.get(k))),
          ]),
        ),
      ),
    tableSize: () => [...table.values()].reduce((sum, fields) => sum + fields.size, 0),
    keyCount: () => map._map.size,
  }
}
