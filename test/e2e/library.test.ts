/** The package as someone else installs it: packed, unpacked beside its dependencies, imported, and its command run from there. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPlace, repository, requireBuilt, words, type Place } from './support.ts'

const run = promisify(execFile)

let place: Place
/** Where the consumer's program lies. */
let home = ''
let installed = ''

beforeAll(async () => {
  requireBuilt(join(repository, 'dist', 'bin', 'node.js'))
  place = openPlace()
  home = join(place.root, 'consumer')
  installed = join(home, 'node_modules', 'tidemark')
  await install()
}, 60_000)
afterAll(() => place?.[Symbol.asyncDispose]())

/** As `npm install tidemark.tgz` does, without asking a registry: what it depends on is linked. */
async function install(): Promise<void> {
  mkdirSync(installed, { recursive: true })
  const packing = ['pack', '--ignore-scripts', '--silent', '--pack-destination', place.root]
  await run('npm', packing, {
    cwd: repository,
    env: { ...process.env, HOME: place.env['HOME'] },
    shell: process.platform === 'win32',
  })
  const [tarball = 'no tarball'] = readdirSync(place.root).filter((name) => name.endsWith('.tgz'))
  await run('tar', ['-xzf', join(place.root, tarball), '--strip-components=1', '-C', installed])
  const { dependencies, bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
    readonly bin: Readonly<Record<string, string>>
  }
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(repository, 'node_modules', name), join(home, 'node_modules', name), 'junction')
  }
  mkdirSync(join(home, 'node_modules', '.bin'))
  for (const [name, path] of Object.entries(bin)) {
    chmodSync(join(installed, path), 0o755)
    symlinkSync(join(installed, path), join(home, 'node_modules', '.bin', name))
  }
  await writeFile(join(home, 'package.json'), '{ "type": "module" }\n')
}

/** A program of the consumer: what it printed. */
async function program(name: string, code: string): Promise<{ stdout: string; stderr: string }> {
  const { code: script } = await transform(code, { loader: 'ts', target: 'node20', format: 'esm' })
  await writeFile(join(home, `${name}.mjs`), script)
  return run(process.execPath, [join(home, `${name}.mjs`)], {
    cwd: place.dir,
    env: place.env as NodeJS.ProcessEnv,
    timeout: 30_000,
  })
}

async function guideProgram(): Promise<string> {
  const guide = await readFile(join(repository, 'docs', 'guides', 'library.md'), 'utf8')
  const code = /^```ts\n([^]*?)^```/m.exec(guide)?.[1]
  if (code === undefined) throw new Error('docs/guides/library.md shows no program')
  return code
}

describe('the package, installed', () => {
  it('[G29] the program of the guide runs, and its workspace is the one that the command of the package sees', async () => {
    const code = await guideProgram()
    expect(
      code
        .trim()
        .split('\n')
        .filter((line) => line.trim() !== '').length,
    ).toBeLessThanOrEqual(25)
    const { stdout, stderr } = await program('guide', code)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/next: JOB-2 Write the notes/)
    expect(stdout).toMatch(/INVALID_INPUT - \S/)
    for (const name of ['tide', 'tidemark']) {
      const command = join(home, 'node_modules', '.bin', name)
      expect(await place.must(['list', '--all'], { command })).toMatch(/^JOB-1\tdone\t.*\nJOB-2\ttodo\t.*\tready\n$/)
      await place.must(['doctor'], { command })
      const { changes } = await place.json(['history', 'JOB-2'], { command })
      expect(changes).toMatchObject([{ by: { name: 'night-build' } }, { by: { name: 'night-build' } }])
    }
    expect(
      readdirSync(place.runtime).filter((name) => name.endsWith('.sock')),
      'nothing goes on after it',
    ).toEqual([])
  })

  it('[G29] its types are whole: a strict program compiles against them, declarations checked too', async () => {
    await writeFile(
      join(home, 'typed.ts'),
      `${await guideProgram()}
      import * as pure from 'tidemark'
      import * as testing from 'tidemark/testing'
      import type { Workspace } from 'tidemark/node'
      const open: Workspace = workspace
      // @ts-expect-error a title is needed
      await open.tasks.add({ priority: 'high' })
      // @ts-expect-error not a priority
      await open.tasks.set('JOB-1', { priority: 'urgent' })
      console.log(Object.keys(pure).length, Object.keys(testing).length)\n`,
    )
    symlinkSync(join(repository, 'node_modules', '@types'), join(home, 'node_modules', '@types'), 'junction')
    for (const name of ['vitest', 'fast-check']) {
      if (!existsSync(join(home, 'node_modules', name)))
        symlinkSync(join(repository, 'node_modules', name), join(home, 'node_modules', name), 'junction')
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable', 'dom'],
      types: ['node'],
      exactOptionalPropertyTypes: true,
    }
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    const told = await run(process.execPath, [compiler, '-p', home], { cwd: home }).then(
      ({ stdout }) => stdout,
      (failure: { readonly stdout: string }) => failure.stdout,
    )
    expect(told).toBe('')
  })

  it('[G29] importing it does nothing: no word, no file, no timer that keeps a program alive', async () => {
    const before = [readdirSync(place.root, { recursive: true }).length, readdirSync(place.dir)]
    for (const entry of ['tidemark', 'tidemark/node']) {
      const { stdout, stderr } = await program(
        'import',
        `import * as all from '${entry}'\nprocess.on('exit', () => console.log(Object.keys(all).length > 0))`,
      )
      expect({ stdout, stderr }, `${entry}`).toEqual({ stdout: 'true\n', stderr: '' })
    }
    expect([readdirSync(place.root, { recursive: true }).length - 1, readdirSync(place.dir)]).toEqual(before)
  })

  it('[G29] the holder hears of what commands do, while they do it', async () => {
    const command = join(home, 'node_modules', '.bin', 'tide')
    const { stdout } = await program(
      'listening',
      `
      import { execFileSync, execFile } from 'node:child_process'
      import { once } from 'node:events'
      import { openWorkspace } from 'tidemark/node'
      await using workspace = await openWorkspace()
      const heard = []
      using watching = workspace.on('changed', ({ tasks, verb }) => heard.push(verb + ' ' + tasks.map((task) => task.title)))
      const child = execFile(process.execPath, [${JSON.stringify(command)}, 'add', 'by a command'])
      const [exit] = await once(child, 'close')
      await workspace.tasks.add({ title: 'by the program' })
      console.log(exit, heard.join('; '))
    `,
    )
    expect(stdout).toBe('0 create by a command; create by the program\n')
  })

  it('[G29] misuse is told as an error with code and hint: no workspace, a closed one, a word that is no method', async () => {
    const { stdout } = await program(
      'misuse',
      `
      import { openWorkspace } from 'tidemark/node'
      import { TaskError } from 'tidemark'
      const codes = []
      const tell = (thrown) => codes.push(thrown instanceof TaskError && thrown.hint !== '' ? thrown.code : String(thrown.stack))
      await openWorkspace({ dir: '/' }).catch(tell)
      const workspace = await openWorkspace()
      await workspace.tasks.get('JOB-99').catch(tell)
      await workspace.tasks.add({ title: 7 }).catch(tell)
      await workspace.call('no.method', {}).catch(tell)
      await workspace.call('tasks.list', null).catch(tell)
      await workspace[Symbol.asyncDispose]()
      await workspace[Symbol.asyncDispose]()
      await workspace.tasks.add({ title: 'too late' }).catch(tell)
      console.log(codes.join(' '))
    `,
    )
    expect(stdout).toBe(
      'NOT_A_WORKSPACE TASK_NOT_FOUND INVALID_INPUT METHOD_NOT_FOUND INVALID_INPUT CONNECTION_CLOSED\n',
    )
    const ran = await place.tide(['list'], { command: join(home, 'node_modules', '.bin', 'tide') })
    expect(ran.out, `${words(ran)}`).not.toContain('too late')
  })
})
