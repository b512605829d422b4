/** The code in README.md and docs/ runs: a reader who types it sees it work. Blocks of one document share one place, in order. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireBuilt } from './built.ts'
import { codeBlocks, openSandbox } from './code-blocks.ts'
import type { CodeBlock, Sandbox } from './code-blocks.ts'
import { filesBelow, read, root } from './source.ts'

const documents = ['README.md', ...filesBelow('docs', '.md')]
  .map((path) => ({ path, blocks: codeBlocks(read(path)) }))
  .filter(({ blocks }) => blocks.length > 0)

/** Windows has no shell that every reader would type these in. */
const hasShell = process.platform !== 'win32'
const runs = ({ language, noRun }: CodeBlock): boolean => noRun === undefined && (language === 'ts' || hasShell)

describe.each(documents)('the code in $path', ({ path, blocks }) => {
  const running = blocks.filter(runs)
  let sandbox: Sandbox | undefined

  beforeAll(async () => {
    if (running.length > 0) sandbox = await openSandbox()
  })
  afterAll(() => sandbox?.[Symbol.asyncDispose]())

  it.each(running)(`runs: ${path}:$line ($language)`, async (block) => {
    requireBuilt()
    if (block.language === 'ts') requireBuilt(join(root, 'dist', 'bin', 'node.js'))
    await expect(sandbox?.run(block)).resolves.toBeTypeOf('string')
  })

  // Also those that do not run: what needs a server still has types.
  const typed = blocks.filter(({ language }) => language === 'ts')
  it.runIf(typed.length > 0)('has no type errors', async () => {
    requireBuilt(join(root, 'dist', 'bin', 'node.d.ts'))
    sandbox ??= await openSandbox()
    expect(await sandbox.checkTypes(typed)).toBe('')
  })

  it('says why, where a block is not run', () => {
    const silent = blocks.filter(({ noRun }) => noRun === '')
    expect(silent.map(({ line, language }) => `${path}:${line}: write \`${language} no-run: <reason>\``)).toEqual([])
  })
})

describe('the check of code blocks', () => {
  const text = [
    '```sh',
    'echo a',
    '```',
    '- in a list:',
    '  ```ts',
    '  const a: number = 1',
    '    // deeper',
    '  ```',
    '```sh no-run: needs a relay',
    'tide up',
    '```',
    '````text',
    '```sh',
    'shown, not run',
    '```',
    '````',
    '```shell',
    'no',
    '```',
    '```sh no-run',
    '```',
  ].join('\n')

  it('control: finds what to run, and nothing else', () => {
    expect(codeBlocks(text)).toEqual([
      { language: 'sh', line: 1, code: 'echo a\n', noRun: undefined },
      { language: 'ts', line: 5, code: 'const a: number = 1\n  // deeper\n', noRun: undefined },
      { language: 'sh', line: 9, code: 'tide up\n', noRun: 'needs a relay' },
      { language: 'sh', line: 20, code: '\n', noRun: '' },
    ])
  })

  it.runIf(hasShell)('control: a block fails with its exit code and what it said', async () => {
    await using sandbox = await openSandbox()
    const block = (language: 'sh' | 'ts', code: string): CodeBlock => ({ language, line: 1, code, noRun: undefined })
    await sandbox.run(block('sh', 'test "$(git rev-parse --show-toplevel)" = "$(pwd -P)" && test -d "$HOME"'))
    await expect(sandbox.run(block('sh', 'echo before; false; echo after'))).rejects.toThrow(/^exit 1\nbefore$/)
    await expect(sandbox.run(block('sh', 'false | cat'))).rejects.toThrow('exit 1')
    await sandbox.run(block('ts', 'const one: number = await Promise.resolve(1)\nif (one !== 1) throw new Error()'))
    await expect(sandbox.run(block('ts', `throw new Error('seen' as string)`))).rejects.toThrow('seen')
    await sandbox.checkTypes([block('ts', `const one: number = 1\nconsole.log(one)`)])
    await expect(sandbox.checkTypes([block('ts', `const one: number = 'x'`)])).rejects.toThrow('TS2322')
  })
})
