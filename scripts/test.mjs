/** `npm test`: builds, runs every test, and ends with a line of its own: `N passed, N failed`. Arguments go to vitest. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const built = spawnSync('npm run build', { shell: true, stdio: 'inherit' })
if (built.status !== 0) {
  console.error('the build failed: no test ran, which counts as one failure')
  finish({ passed: 0, failed: 1 }, built.status ?? 1)
}

const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
const report = join(folder, 'report.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const ran = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
const counts = countsFrom(report)
rmSync(folder, { recursive: true, force: true })
finish(counts, ran.status ?? 1)

function countsFrom(path) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'))
    // A file that could not be loaded has no tests to count, and is a failure all the same.
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
    )
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length }
  } catch {
    return { passed: 0, failed: 0 }
  }
}

/** A run that failed never shows zero failures: errors outside any test end the run without one. */
function finish({ passed, failed }, exitCode) {
  console.log(`${passed} passed, ${exitCode === 0 ? failed : Math.max(failed, 1)} failed`)
  process.exit(exitCode)
}
