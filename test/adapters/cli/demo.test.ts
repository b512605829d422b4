/** The demo: real commands, checked, and nothing left behind. */
import { expect, it } from 'vitest'
import { demoSteps } from '../../../adapters/cli/demo-steps.ts'
import { runProgram } from '../../../adapters/cli/program.ts'
import { TaskError } from '../../../src/internal.ts'
import { FakeWorld } from './fake-world.ts'
import { tide } from './run.ts'

it('[L35] the demo plays every step by real calls in a folder of its own, which is removed', async () => {
  const world = await tide(['demo'], { terminal: 100 })
  expect([world.exit, world.scratches, world.err]).toEqual([0, 0, ''])
  expect(world.out.match(/^ {2}\$ tide /gm)).toHaveLength(demoSteps.length)
  expect(world.calls.filter(([name]) => name === 'open').map(([, dir]) => dir)).toEqual(
    Array.from({ length: world.opened }, () => '/scratch'),
  )
  expect(world.closed).toBe(world.opened)
})

it('[L35] the demo is the same on a narrow terminal, and a document with --json', async () => {
  expect((await tide(['demo'], { terminal: 40 })).exit).toBe(0)
  const { out } = await tide(['demo', '--json'], { terminal: 80, colour: true })
  expect(JSON.parse(out)).toMatchObject({ schema: 1, steps: demoSteps.map(({ about }) => ({ about })) })
})

it('[L35] a demo that would show something else than it says fails, and still leaves nothing behind', async () => {
  const world = new FakeWorld(['demo'])
  const list = world.list.bind(world)
  world.list = async (dir, filter) => ({ ...(await list(dir, filter)), rows: () => [] })
  expect(await runProgram(world)).toBe(1)
  expect(world.err).toContain('the demo went wrong at: tide ready')
  const broken = await tide(['demo'], { failure: new TaskError('STORE_LOCKED', { holder: 'process 7' }) })
  expect([broken.exit, broken.scratches]).toEqual([1, 0])
  expect(broken.out).toContain('the store is in use by process 7')
})
