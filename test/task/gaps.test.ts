/** A lost update hides nothing but what it said. */
import { describe, expect, it } from 'vitest'
import { once, memoryWorkspace } from '../support/project.ts'
import { shown } from '../../src/task/registers.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import { DOCUMENT } from '../../src/workspace/head.ts'

const silent = (): void => undefined

async function tenTasks(): Promise<{ readonly rows: readonly Uint8Array[]; readonly actor: string }> {
  const workspace = memoryWorkspace()
  for (let n = 1; n <= 10; n++) await once(workspace, (caller) => caller.call('task.create', { title: `Task ${n}` }))
  await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-9'], changes: { body: 'words' } }))
  return once(workspace, async (_, project) => {
    const { store, actor } = await project.hold()
    return { rows: (await store.read(DOCUMENT)).map(({ bytes }) => bytes), actor }
  })
}

function titles(replica: Replica): readonly string[] {
  return [...replica.tasks.uids()].map((uid) => JSON.stringify(shown(replica.tasks.get(uid), 't'))).toSorted()
}

describe('a document with lost updates', () => {
  it('[T24] shows everything that came before and after them, and nothing else is missing', async () => {
    const { rows, actor } = await tenTasks()
    const all = titles(openReplica(rows, silent))
    expect(all.length).toBe(10)
    for (let lost = 0; lost < rows.length; lost++) {
      const left = rows.filter((_, index) => index !== lost)
      const replica = openReplica(left, silent, { lostFrom: actor as never })
      const missing = all.filter((title) => !titles(replica).includes(title))
      expect(missing.length, `row ${lost}`).toBeLessThanOrEqual(1)
      expect(replica.doc.store.pendingStructs, `row ${lost}`).toBeNull()
    }
  })

  it('[T24] waits for them where they are not known to be lost, and takes them in when they come', async () => {
    const { rows } = await tenTasks()
    const replica = openReplica(rows.toSpliced(2, 1), silent)
    expect([replica.isFilled, titles(replica).length]).toEqual([false, 1])
    replica.apply(rows.slice(2, 3))
    expect(titles(replica).length).toBe(10)
  })
})
