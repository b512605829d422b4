/** Every command that works on the workspace itself, and the streams around them all: init, config, backup, demo, completion, pipes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  builtCommand,
  expectError,
  expectNoTrace,
  expectRefusal,
  openPlace,
  openWorkspacePlace,
  words,
  type Place,
} from './support.ts'

/** A line for a shell in the workspace, where `tide` is the built command. */
async function shell(
  place: Place,
  line: string,
  name = 'sh',
): Promise<{ exit: number | null; out: string; err: string }> {
  const bin = join(place.root, 'bin')
  mkdirSync(bin, { recursive: true })
  if (!existsSync(join(bin, 'tide'))) symlinkSync(builtCommand, join(bin, 'tide'))
  const env = { ...place.env, PATH: `${bin}:${place.env['PATH'] ?? ''}` }
  const child = spawn(name, ['-c', line], { cwd: place.dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (part) => (out += String(part)))
  child.stderr.on('data', (part) => (err += String(part)))
  const [exit] = (await once(child, 'close')) as [number | null]
  return { exit, out, err }
}

describe.concurrent('the built command: the workspace', () => {
  it('[G8] init makes a workspace once; again and from two processes at once it is the same one', async () => {
    await using place = openPlace()
    const both = await Promise.all([1, 2, 3, 4].map(() => place.tide(['init', '--json'])))
    for (const ran of both) expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
    const projects = both.map((ran) => (JSON.parse(ran.out) as { project: string }).project)
    expect(new Set(projects).size, `${projects.join(' ')}`).toBe(1)
    const config = await readFile(join(place.dir, 'tidemark.json'), 'utf8')
    await place.must(['add', 'one'])
    expect(await place.json(['init'])).toMatchObject({ project: projects[0], created: false, dir: place.dir })
    expect(await readFile(join(place.dir, 'tidemark.json'), 'utf8')).toBe(config)
    expect(await place.must(['list'])).toContain('one')
    expect(await readFile(join(place.dir, '.tidemark', '.gitignore'), 'utf8')).toBe('*\n')
    expect((await readdir(place.dir)).toSorted()).toEqual(['.tidemark', 'tasks', 'tidemark.json'])
  })

  it('[G1] init takes prefix, relay and folder; config reads and changes them for everyone', async () => {
    await using place = openPlace()
    await place.must(['init', '--prefix', 'SHOP', '--relay', 'none', '--tasks', 'work/tasks'])
    expect(await place.must(['add', 'one'])).toBe('SHOP-1\n')
    expect(await place.must(['config', 'get', 'relay'])).toBe('none\n')
    expect(await place.must(['config'])).toContain('tasks\twork/tasks\n')
    await place.must(['config', 'set', 'statuses', 'todo,doing,checked,done'])
    const config = JSON.parse(await readFile(join(place.dir, 'tidemark.json'), 'utf8')) as Record<string, unknown>
    expect(config['statuses']).toMatchObject(['todo', 'doing', expect.anything(), 'done'])
    await place.must(['set', 'SHOP-1', 'status=checked'])
    expectRefusal(await place.tide(['set', 'SHOP-1', 'status=review']), 2, 'review')
    await place.must(['config', 'set', 'prefix', 'S'])
    expect(await place.must(['list'])).toMatch(/^S-1\tchecked\t/)
    const before = await readFile(join(place.dir, 'tidemark.json'), 'utf8')
    expectRefusal(await place.tide(['config', 'set', 'project', 'other']), 2)
    expectRefusal(await place.tide(['config', 'set', 'statuses', '']), 2)
    expectRefusal(await place.tide(['config', 'get', 'prefx']), 2, 'prefx')
    expect(await readFile(join(place.dir, 'tidemark.json'), 'utf8')).toBe(before)
  })

  it('[G3] a tidemark.json that cannot be used is told with what to do, by every command', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'one'])
    const file = join(place.dir, 'tidemark.json')
    const good = await readFile(file, 'utf8')
    const spoilt = [
      '',
      '{',
      'null',
      '[]',
      '{"schema":2}',
      '{"schema":1}',
      good.replace('"T"', '"../x"'),
      '\u0000',
      '"x"',
    ]
    for (const text of spoilt) {
      await writeFile(file, text)
      for (const args of [['list'], ['add', 'two'], ['status'], ['doctor'], ['config']]) {
        const ran = await place.tide([...args, '--json'])
        expect([1, 2], `${words(ran)}`).toContain(ran.exit)
        expectError(ran, ran.exit ?? 0, 'CONFIG_INVALID')
      }
    }
    await writeFile(file, `\uFEFF${good.replaceAll('\n', '\r\n')}`)
    expect(await place.must(['list']), 'a byte order mark and other line ends do no harm').toContain('one')
  })

  it('[G7] a backup brings everything back: into an empty workspace, into another project, and twice', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'Fix login', '-l', 'web', '--body', 'words\nof it 💥', '--set', 'estimate=3'])
    await place.must(['add', 'Ship it', '--depends', 'T-1', '--parent', 'T-1'])
    await place.must(['comment', 'T-1', 'hello', '--as', 'sara'])
    await place.must(['add', 'Gone'])
    await place.must(['delete', 'T-3'])
    const [tasks, detail] = [await place.all(), await place.json(['show', 'T-1'])]
    const { changes } = await place.json(['history'])
    expect(await place.must(['backup', '../all.tide'])).toBe(`${join(place.root, 'all.tide')}\n`)
    expectRefusal(await place.tide(['backup', '../all.tide']), 4, 'all.tide')
    expect(await place.must(['recover', '../all.tide'])).toBe('0\n')

    const [empty, second] = [join(place.root, 'empty'), join(place.root, 'second')]
    for (const dir of [empty, second]) {
      mkdirSync(dir)
      await place.must(['init'], { cwd: dir })
    }
    await place.must(['recover', '../all.tide'], { cwd: empty })
    expect(await place.all({ cwd: empty })).toEqual(tasks)
    expect(await place.json(['show', 'T-1'], { cwd: empty })).toEqual(detail)
    const recovered = (await place.json(['history'], { cwd: empty }))['changes'] as readonly unknown[]
    expect(recovered.slice(1)).toEqual(changes)
    expect(await place.must(['add', 'next'], { cwd: empty }), 'no number is given twice').toBe('T-4\n')

    await place.must(['add', 'Own'], { cwd: second })
    for (let time = 0; time < 2; time++) {
      await place.must(['recover', '../all.tide'], { cwd: second })
      const titles = (await place.all({ cwd: second })).map((task) => task.title)
      expect(titles.toSorted()).toEqual(['Fix login', 'Gone', 'Own', 'Ship it'])
    }
    const keys = (await place.all({ cwd: second })).map((task) => task.key)
    expect(new Set(keys).size, `${keys.join(' ')}`).toBe(4)
    for (const dir of [empty, second]) await place.must(['doctor'], { cwd: dir })
  })

  it('[G7] recover makes a directory that is no workspace the one that was backed up, settings included', async () => {
    await using place = openPlace()
    await place.must(['init', '--prefix', 'SHOP'])
    await place.must(['config', 'set', 'statuses', 'todo,doing,checked,done'])
    await place.must(['add', 'one', '--status', 'checked'])
    const [tasks, settings] = [await place.all(), await readFile(join(place.dir, 'tidemark.json'), 'utf8')]
    await place.must(['backup', '../shop.tide'])
    const fresh = join(place.root, 'fresh')
    mkdirSync(fresh)
    await writeFile(join(place.root, 'bad.tide'), '{}')
    expectRefusal(await place.tide(['recover', '../bad.tide'], { cwd: fresh }), 2)
    expect(await readdir(fresh), 'what is no backup makes nothing').toEqual([])
    await place.must(['recover', '../shop.tide'], { cwd: fresh })
    expect(await place.all({ cwd: fresh })).toEqual(tasks)
    expect(await readFile(join(fresh, 'tidemark.json'), 'utf8')).toBe(settings)
    expect(await place.must(['add', 'two'], { cwd: fresh })).toBe('SHOP-2\n')
  })

  it('[G7] a backup that was cut or changed is refused whole', async () => {
    await using place = await openWorkspacePlace()
    for (const title of ['one', 'two', 'three']) await place.must(['add', title])
    await place.must(['backup', '../all.tide'])
    const whole = await readFile(join(place.root, 'all.tide'))
    const other = join(place.root, 'other')
    mkdirSync(other)
    await place.must(['init'], { cwd: other })
    const spoilt = [Buffer.alloc(0), whole.subarray(0, whole.length >> 1), whole.subarray(0, -20), Buffer.from('{}\n')]
    for (let turn = 1; turn <= 8; turn++) {
      const flipped = Buffer.from(whole)
      const at = Math.floor((whole.length * turn) / 9)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      spoilt.push(flipped)
    }
    for (const bytes of spoilt) {
      await writeFile(join(place.root, 'bad.tide'), bytes)
      const error = expectError(
        await place.tide(['recover', '../bad.tide', '--json'], { cwd: other }),
        2,
        'BACKUP_INVALID',
      )
      expect(error.message).toContain('bad.tide')
    }
    expect(await place.all({ cwd: other })).toEqual([])
  })

  it('[G10] demo shows the main job and leaves nothing behind', async () => {
    await using place = openPlace()
    const listing = async (): Promise<string> =>
      JSON.stringify([await readdir(place.root, { recursive: true }), await readdir(place.dir)])
    const before = await listing()
    const shown = await place.must(['demo'])
    expect(shown).toContain('$ tide init')
    expect(shown).toContain('$ tide undo')
    const { steps } = await place.json(['demo'])
    expect(steps).toHaveLength(shown.split('\n').filter((line) => line.startsWith('  $ ')).length)
    expect(await listing()).toBe(before)
  })

  it('[G5] a body and a comment come from standard input, byte for byte', async () => {
    await using place = await openWorkspacePlace()
    const body = '# Login\n\n\ttabs, trailing blanks  \n\n💥 漢字 e\u0301\n'
    await place.must(['add', 'Fix login', '--body', '-'], { input: body })
    expect((await place.json(['show', 'T-1'])).task?.body).toBe(body)
    await place.must(['set', 'T-1', 'body=-'], { input: `${body}more` })
    expect((await place.json(['show', 'T-1'])).task?.body).toBe(`${body}more`)
    await place.must(['comment', 'T-1', '-'], { input: 'first\nsecond\n' })
    expect((await place.json(['show', 'T-1'])).task?.comments[0]?.text).toBe('first\nsecond')
    const large = 'word '.repeat(100_000)
    await place.must(['set', 'T-1', 'body=-'], { input: large })
    expect((await place.json(['show', 'T-1'])).task?.body).toBe(large)
    expectError(
      await place.tide(['set', 'T-1', 'body=-', '--json'], { input: Buffer.from([0xff, 0xfe, 0x41]) }),
      2,
      'INVALID_INPUT',
    )
    expectError(
      await place.tide(['set', 'T-1', 'body=-', '--json'], { input: 'x'.repeat(17 * 1024 * 1024) }),
      2,
      'TOO_LARGE',
    )
    expect((await place.json(['show', 'T-1'])).task?.body).toBe(large)
    const none = await place.tide(['add', 'No input', '--body', '-'])
    expect(none.exit, `${words(none)}`).toBe(0)
  })

  it.skipIf(process.platform === 'win32')('[G5] a reader that leaves early ends the command quietly', async () => {
    await using place = await openWorkspacePlace()
    // More than any pipe holds.
    await place.must(['add', 'one', '--body', '-'], { input: 'a line of the body\n'.repeat(30_000) })
    for (const line of [
      'tide show T-1 --json | head -c 1',
      'tide list | head -1',
      'tide history | true',
      'tide help | head -1',
    ]) {
      const { exit, out, err } = await shell(place, line)
      expect({ exit, err }, `${line}`).toEqual({ exit: 0, err: '' })
      expect(out.length, `${line}`).toBeLessThan(200)
    }
    const { out } = await shell(
      place,
      'set -o pipefail; tide show T-1 --json | head -c 1 >/dev/null; echo ${PIPESTATUS[0]}',
      'bash',
    )
    expect(['0\n', '141\n']).toContain(out)
    const closed = await shell(place, 'tide list >&-; echo $?')
    expectNoTrace({ args: ['list', '>&-'], signal: null, ms: 0, ...closed })
    const full = await shell(place, 'tide list > /dev/full; echo $?')
    expect(full.out).toBe('1\n')
    expect(full.err).toMatch(/^tide: .*\nhint: .*\n$/)
  })

  it.skipIf(process.platform === 'win32')(
    '[G9] completion works in a real bash: commands, keys, fields, values',
    async () => {
      await using place = await openWorkspacePlace()
      for (const title of ['one', 'two', 'three: with "quotes" and $HOME'])
        await place.must(['add', title, '-l', 'web,wide'])
      await place.must(['done', 'T-2'])
      const complete = async (line: string): Promise<readonly string[]> => {
        const quoted = `'${line}'`
        // Only a completion in progress may call compopt; a real TAB is pressed in terminal.test.ts.
        const script = `eval "$(tide completion bash)"; compopt() { :; }; COMP_LINE=${quoted}; COMP_POINT=\${#COMP_LINE}
        read -r -a COMP_WORDS <<< "$COMP_LINE"; COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
        _tide_complete tide; printf '%s\\n' "\${COMPREPLY[@]}"`
        const { out, err } = await shell(place, script, 'bash')
        expect(err, `${line}`).toBe('')
        return out.split('\n').filter((word) => word !== '')
      }
      expect(await complete('tide comp')).toEqual(['completion'])
      expect(await complete('tide re')).toEqual(
        expect.arrayContaining(['ready', 'reopen', 'resolve', 'restore', 'recover']),
      )
      expect(await complete('tide show T-')).toEqual(['T-1', 'T-2', 'T-3'])
      expect(await complete('tide done ')).toEqual(['T-1', 'T-3'])
      expect(await complete('tide set T-1 stat')).toEqual(['status='])
      expect(await complete('tide set T-1 status=do')).toEqual(['doing', 'done'])
      expect(await complete('tide list --label w')).toEqual(['web', 'wide'])
      expect(await complete('tide nonsense ')).toEqual([])
      const bound = await shell(place, 'eval "$(tide completion bash)"; complete -p tide', 'bash')
      expect(bound.out).toContain('_tide_complete tide')
    },
  )
})
