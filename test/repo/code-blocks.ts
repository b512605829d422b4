/** The fenced code blocks of a markdown text that claim to run, and a place to run those of one document. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { transform } from 'esbuild'
import { builtCommand } from './built.ts'
import { read, root } from './source.ts'

export interface CodeBlock {
  readonly language: 'sh' | 'ts'
  readonly line: number
  readonly code: string
  /** Why it does not run; `''` when the author gave no reason. */
  readonly noRun: string | undefined
}

const SECONDS = 50

/** What a reader's own strict project would set, not this one's taste. */
const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
  module: 'nodenext',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
}

/** Blocks tagged `sh` or `ts`, and `sh no-run: <reason>` for those a test cannot run; blocks in lists too. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open:
    | {
        readonly fence: string
        readonly indent: string
        readonly info: string
        readonly line: number
        readonly code: string[]
      }
    | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const [, indent = '', fence, info = ''] = /^([ \t>]*)(`{3,}|~{3,})(.*)$/.exec(text) ?? []
      if (fence !== undefined) open = { fence, indent, info: info.trim(), line: index + 1, code: [] }
    } else if (text.trim().startsWith(open.fence) && text.replace(open.indent, '').trim() === open.fence) {
      const [, language, rest = ''] = /^(sh|ts)\b(.*)$/.exec(open.info) ?? []
      const noRun = /^\s+no-run(?::\s*(.*))?$/.exec(rest)
      if (language === 'sh' || language === 'ts') {
        blocks.push({
          language,
          line: open.line,
          code: `${open.code.join('\n')}\n`,
          noRun: noRun ? (noRun[1] ?? '') : undefined,
        })
      }
      open = undefined
    } else {
      open.code.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text.trimStart())
    }
  }
  return blocks
}

/** A git repository, a home and a `tide` of its own: the blocks of one document run here, one after the other. */
export interface Sandbox extends AsyncDisposable {
  /** What it said; throws when it failed. */
  run(block: CodeBlock): Promise<string>
  /** Holds the `ts` blocks against the types of the built package. */
  checkTypes(blocks: readonly CodeBlock[]): Promise<string>
}

export async function openSandbox(): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-docs-'))
  const repository = join(folder, 'repository')
  const env = await furnish(folder, repository)
  const scriptFor = (block: CodeBlock): string => join(folder, `line-${block.line}.ts`)
  return {
    async run(block) {
      if (block.language === 'sh') return finish('bash', ['-e', '-o', 'pipefail', '-c', block.code], repository, env)
      const { code } = await transform(block.code, { loader: 'ts', target: 'node20', format: 'esm' })
      const script = scriptFor(block).replace(/\.ts$/, '.mjs')
      await writeFile(script, code)
      return finish(process.execPath, [script], repository, env)
    },
    async checkTypes(blocks) {
      const files = blocks.map(scriptFor)
      await Promise.all(blocks.map((block) => writeFile(scriptFor(block), `${block.code}\nexport {}\n`)))
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      return finish(process.execPath, [compiler, '-p', folder], folder, env)
    },
    async [Symbol.asyncDispose]() {
      // What a document began in the background, if it was cut short before it ended it.
      for (const words of [
        ['down', '--all'],
        ['server', 'stop'],
      ])
        await finish(process.execPath, [builtCommand, ...words], repository, env)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function furnish(folder: string, repository: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin')
  const modules = join(folder, 'node_modules')
  const home = join(folder, 'home')
  const runtime = join(folder, 'runtime')
  for (const one of [repository, bin, modules, home]) await mkdir(one, { recursive: true })
  await mkdir(runtime, { mode: 0o700 })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (const name of ['tide', 'tidemark']) {
    await writeFile(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${builtCommand}" "$@"\n`, { mode: 0o755 })
  }
  // What a program that installed the package would find: the package, and what it may import beside it.
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(read('package.json'))
  await symlink(root, join(modules, 'tidemark'), 'junction')
  for (const name of Object.keys(dependencies)) {
    const from = join(root, 'node_modules', name)
    if (existsSync(from)) await symlink(from, join(modules, name), 'junction')
  }
  const env: NodeJS.ProcessEnv = {
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: home,
    USERPROFILE: home,
    SYSTEMROOT: process.env['SYSTEMROOT'],
    TMPDIR: folder,
    USER: 'sara',
    LOGNAME: 'sara',
    LANG: 'C.UTF-8',
    EDITOR: 'true',
    NO_COLOR: '1',
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_RUNTIME_DIR: runtime,
    GIT_CONFIG_NOSYSTEM: '1',
  }
  await finish('git', ['init', '--quiet', '--initial-branch=main'], repository, env)
  await finish('git', ['config', '--global', 'user.name', 'Sara'], repository, env)
  await finish('git', ['config', '--global', 'user.email', 'sara@example.org'], repository, env)
  return env
}

/** All the program said, when it ended well; otherwise that is thrown. */
function finish(file: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, words, { cwd, env, timeout: SECONDS * 1_000 }, (failure, stdout, stderr) => {
      if (failure === null) return resolve(`${stdout}${stderr}`)
      const how = failure.killed === true ? `ran longer than ${SECONDS} s` : `exit ${String(failure.code)}`
      reject(new Error(`${how}\n${stdout}${stderr}`.trimEnd(), { cause: failure }))
    })
    child.stdin?.end()
  })
}
