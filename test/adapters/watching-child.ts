/** Watches a folder when the system gives no more files to open, then again when it does; says what it heard. */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openFiles } from '../../adapters/node/files.ts'

const [, , root = ''] = process.argv
const say = (line: string): void => void process.stdout.write(`${line}\n`)

function takeAll(): readonly number[] {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    return taken
  }
}

async function main(): Promise<void> {
  const files = openFiles(root)
  const heard: string[] = []
  const taken = takeAll()
  const refused = files.watch('tasks', (paths) => void heard.push(JSON.stringify(paths)))
  heard.push(`returned ${refused.isPrompt ? 'prompt' : 'late'}`)
  for (const file of taken) closeSync(file)
  await new Promise((resolve) => void setImmediate(resolve))
  say(heard.join(' '))

  refused[Symbol.dispose]()
  const watching = files.watch('tasks', (paths) => {
    watching[Symbol.dispose]()
    say(`${watching.isPrompt ? 'prompt' : 'late'} ${JSON.stringify(paths)}`)
  })
  writeFileSync(join(root, 'tasks', 'a.md'), 'two')
}

void main()
