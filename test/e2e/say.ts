/** How the programs of these tests speak: at once and whole, so that what was said before a kill was said. */
import { writeSync } from 'node:fs'

export function say(line: string): void {
  for (let left = Buffer.from(`${line}\n`); left.length > 0;) {
    try {
      left = left.subarray(writeSync(1, left))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}
