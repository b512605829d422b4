/** One word changed in the middle of a long body: from the saved file to the commit, as an owner that was told the path takes it in. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBriefly } from '../bin/open.ts'
import { initWorkspace } from '../bin/node.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { placeOf } from '../bin/workspace-world.ts'
import { cpuMsSince, fixed, measuredChild, median, table } from './measure.ts'
import { makeFolder, nativeFile, sampleFiles } from './native-folder.ts'
import { dice, sampleTask } from './workload.ts'

const BODIES = [
  { name: '1 KB', bytes: 1000, must: '' },
  { name: '100 KB', bytes: 100_000, must: '<= 20' },
  { name: '1 MB', bytes: 1_000_000, must: '<= 250' },
]
const OTHERS = 10
const EDITS = 15

export function bodiesBench(): void {
  const rows = BODIES.map(({ name, bytes, must }) => {
    const long = nativeFile(OTHERS, bodyOf(bytes))
    using folder = makeFolder([...sampleFiles(OTHERS), long])
    const run = measuredChild([process.argv[1] ?? '', '--body', folder.dir, long.path])
    return [
      name,
      ...['medianMs', 'slowestMs', 'firstMs', 'cpuMs', 'readMs'].map((figure) => fixed(run[figure], 1)),
      must,
    ]
  })
  table(
    'a word changed in a body: file saved → committed',
    ['body', 'median ms', 'slowest', 'the first edit', 'CPU ms', 'reading the file', 'must ms'],
    rows,
  )
}

/** One process: imports, then edits the file again and again. */
export async function measureBody(dir: string, path: string): Promise<void> {
  await initWorkspace({ dir })
  await using workspace = openBriefly(placeOf(dir, process.env, nodeRuntime()), 'bench')
  const file = join(dir, path)
  const walls: number[] = []
  const reads: number[] = []
  const cpus: number[] = []
  for (let edit = 0; edit <= EDITS; edit++) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, changed(text, edit))
    const began = performance.now()
    readFileSync(file, 'utf8')
    const [read, cpu] = [performance.now(), process.cpuUsage()]
    const { imported } = await workspace.project.lookAtFiles({ paths: new Set([path]) })
    walls.push(imported === 1 ? performance.now() - read : Number.NaN)
    cpus.push(cpuMsSince(cpu))
    reads.push(read - began)
  }
  const [firstMs, ...others] = walls
  const [medianMs, cpuMs, readMs] = [median(others), median(cpus), median(reads)]
  console.log(JSON.stringify({ firstMs, medianMs, slowestMs: Math.max(...others), cpuMs, readMs }))
}

/** The first word behind the middle, another one each time. */
function changed(text: string, edit: number): string {
  const middle = Math.floor(text.length / 2)
  return text.slice(0, middle) + text.slice(middle).replace(/ \w+/, ` edited${edit}`)
}

/** Paragraphs of the workload, all different. */
function bodyOf(bytes: number): string {
  const parts: string[] = []
  for (let [index, length] = [0, 0]; length < bytes; index++) {
    const part = `## Part ${index}, ${Math.floor(dice(index)() * 1e9)}\n\n${sampleTask(index + 7).body ?? ''}\n\n`
    parts.push(part)
    length += part.length
  }
  return `${parts.join('').slice(0, bytes - 6)}.\nend\n`
}
