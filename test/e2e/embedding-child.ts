/** A program that embeds a workspace: `hold <dir>` answers calls until its input ends, `write <dir> after|before` adds tasks for ever. */
import { createInterface } from 'node:readline'
import { openWorkspace } from '../../bin/node.ts'
import { asTaskError, type MethodName, type Params } from '../../src/index.ts'
import { say } from './say.ts'

async function hold(dir: string): Promise<void> {
  await using workspace = await openWorkspace({ dir, actor: 'embedder' })
  const { owner } = await workspace.status()
  say(owner?.pid === process.pid ? 'owner' : `guest of ${owner?.pid}`)
  for await (const line of createInterface({ input: process.stdin })) {
    const { method, params } = JSON.parse(line) as { method: MethodName; params: Params<MethodName> }
    try {
      say(JSON.stringify({ result: await workspace.call(method, params) }))
    } catch (thrown) {
      say(JSON.stringify({ error: asTaskError(thrown) }))
    }
  }
}

/** Ten at a time. `before` says what is not done yet: the control, which a checker must catch. */
async function write(dir: string, when: string, round: string): Promise<void> {
  await using workspace = await openWorkspace({ dir })
  for (let turn = 0; ; turn++) {
    const titles = Array.from({ length: 10 }, (_, index) => `task ${round}-${turn}-${index}`)
    await Promise.all(
      titles.map(async (title) => {
        if (when === 'before') say(title)
        // Large enough that logs are compacted and summaries written anew while it goes on.
        await workspace.tasks.add({ title, body: `${title} ${'lorem ipsum '.repeat(200)}`, labels: [`round-${round}`] })
        if (when === 'after') say(title)
      }),
    )
  }
}

const [, , verb = '', dir = '', third = '', fourth = ''] = process.argv
const running = verb === 'hold' ? hold(dir) : write(dir, third, fourth)
running.then(
  () => say('left'),
  (thrown: unknown) => {
    say(JSON.stringify({ error: asTaskError(thrown) }))
    process.exitCode = 1
  },
)
