/** `npm run check`: every check in order, all of them even after one failed, with the time of each. `--without <step>` leaves one out. */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const left = process.argv.flatMap((word, index, all) => (all[index - 1] === '--without' ? [word] : []))
const steps = ['types', 'lint', 'test', 'unused', 'package'].filter((step) => !left.includes(step))

const lines = []
let failed = false
for (const step of steps) {
  console.log(`\n== ${step}`)
  const start = performance.now()
  const { status } = spawnSync(`npm run --silent ${step}`, { shell: true, stdio: 'inherit' })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  lines.push(`${status === 0 ? 'ok    ' : 'FAILED'}  ${step.padEnd(8)} ${seconds.padStart(6)} s`)
  failed ||= status !== 0
}
console.log(`\n${lines.join('\n')}`)
process.exit(failed ? 1 : 0)
