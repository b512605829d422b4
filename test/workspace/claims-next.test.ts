/** The next tasks, asked for again and while the relay is away. */
import { describe, expect, it } from 'vitest'
import { newUid, type Caller } from '../../src/internal.ts'
import { CREATED, NUMBER, ORDER, STATUS, TITLE } from '../../src/task/fields.ts'
import { openClaimsPlace, type ClaimingWorkspace, type ClaimsPlace } from '../support/claims-place.ts'
import { memoryWorkspace, openProject } from '../support/project.ts'

const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const

async function withTasks(count: number): Promise<{ readonly place: ClaimsPlace; readonly one: ClaimingWorkspace }> {
  const place = await openClaimsPlace()
  const one = await place.join(1)
  for (let at = 1; at <= count; at++) await one.caller.call('task.create', { title: `Task ${at}` })
  await place.pass(1_000)
  return { place, one }
}

async function held(caller: Caller): Promise<Record<string, string>> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Object.fromEntries(
    tasks.flatMap(({ key, claim }) => (claim === null ? [] : [[key, `${claim.state} ${claim.by}`]])),
  )
}

describe('asked again', () => {
  it('[C43] is told what of it is somebody else’s meanwhile, and takes no others', async () => {
    const { place, one } = await withTasks(3)
    await using _place = place
    const next = { ...AGENT, count: 2, request: 'x' }
    expect(await one.caller.call('tasks.claimNext', next)).toMatchObject({ assigned: ['T-1', 'T-2'] })
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })
    expect(await one.caller.call('tasks.claimNext', next)).toMatchObject({
      assigned: [],
      failed: [{ key: 'T-1', code: 'CLAIM_LOST', heldBy: { by: 'agent-2' } }],
    })
    expect(await held(one.caller)).toEqual({ 'T-1': 'granted agent-2', 'T-2': 'granted agent-1' })
  })

  it('[C43] takes more than one question can name, under an id of any length, and the same again', async () => {
    const project = openProject(memoryWorkspace({ relay: 'none' }))
    await using _project = project
    await project.caller.call('task.create', { title: 'First' })
    const { random } = project.world.runtime
    await project.commit(() => ({
      verb: 'create',
      by: null,
      writes: Array.from({ length: 1_000 }, (_, at) => {
        const uid = newUid(random)
        return [
          { uid, field: TITLE, value: 'More' },
          { uid, field: STATUS, value: 'todo' },
          { uid, field: CREATED, value: 1 },
          { uid, field: NUMBER, value: at + 2 },
          { uid, field: ORDER, value: `a${at}` },
        ]
      }).flat(),
    }))
    const next = { ...AGENT, count: 1_001, request: 'x'.repeat(100) }
    const first = await project.caller.call('tasks.claimNext', next)
    const again = await project.caller.call('tasks.claimNext', next)
    const tokens = ({ granted }: typeof first): readonly string[] => granted.map(({ key, token }) => `${key} ${token}`)
    expect(first.assigned).toHaveLength(1_001)
    expect(tokens(again)).toEqual(tokens(first))
  })
})

describe('while the relay is away', () => {
  it('[C43] the same request is given the same, then and when the relay is back', async () => {
    const { place, one } = await withTasks(3)
    await using _place = place
    place.cut()
    await place.pass(100)
    const next = { ...AGENT, count: 2, request: 'x' }
    const first = await one.caller.call('tasks.claimNext', next)
    expect(first.granted.map(({ key, state }) => `${key} ${state}`)).toEqual(['T-1 tentative', 'T-2 tentative'])
    expect(await one.caller.call('tasks.claimNext', next)).toEqual(first)
    const other = one.caller.call('tasks.claimNext', { ...next, ...RIVAL })
    await expect(other, 'of somebody else').rejects.toMatchObject({ code: 'REQUEST_REUSED' })
    const { task } = await one.caller.call('task.get', { key: 'T-2' })
    const holder = { ...RIVAL, workspace: 'elsewhere' }
    await place.ask('claim', { request: 'r', tasks: [task.uid], holder })
    await place.mend()
    expect(await held(one.caller)).toEqual({ 'T-1': 'granted agent-1', 'T-2': 'granted agent-2' })
    expect(one.lost).toEqual(['agent-1'])
    expect(await one.caller.call('tasks.claimNext', next)).toMatchObject({ assigned: ['T-1'] })
  })

  it('[C44] nobody is given more than the limit, with what each holds already', async () => {
    const { place, one } = await withTasks(5)
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    place.cut()
    await place.pass(100)
    const assign = async (...to: readonly string[]): Promise<readonly string[]> =>
      (await one.caller.call('tasks.assign', { to, limit: 2 })).granted.map(({ key, by }) => `${key} ${by}`)
    expect(await assign('agent-1')).toEqual(['T-2 agent-1'])
    expect(await assign('agent-1')).toEqual([])
    expect(await assign('agent-1', 'agent-2')).toEqual(['T-3 agent-2', 'T-4 agent-2'])
    await place.mend()
    expect(await held(one.caller)).toEqual({
      'T-1': 'granted agent-1',
      'T-2': 'granted agent-1',
      'T-3': 'granted agent-2',
      'T-4': 'granted agent-2',
    })
    expect((await one.caller.call('task.get', { key: 'T-3' })).task.assignees).toEqual(['agent-2'])
  })
})
