/** Makes dist/tide.cjs, dist/tide-main.cjs and dist/tide-background.mjs: the command in one file, because a start that loads one is several times faster than one that loads many. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** The store's native part stays where npm put it; looking for it by hand costs less than the package that does it. */
const nativeParts = {
  name: 'native-parts',
  setup({ onLoad }) {
    onLoad({ filter: /classic-level[\\/]binding\.js$/ }, () => ({
      contents: `
        const { dirname, join } = require('node:path')
        const { existsSync } = require('node:fs')
        const root = dirname(require.resolve('classic-level/package.json'))
        const usual = join(root, 'prebuilds', process.platform + '-' + process.arch)
        const glibc = join(usual, 'node.napi.glibc.node')
        // Another C library, another processor, a build of one's own: the package that knows them all.
        const known = process.platform === 'linux' && process.arch === 'x64' && existsSync(glibc) && !existsSync('/etc/alpine-release')
        module.exports = known ? require(glibc) : require('node-gyp-build')(root)
      `,
      loader: 'js',
    }))
  },
}

/** commander loads child_process for subcommands in files of their own, which this command has not: 3 ms of every start. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup({ onLoad }) {
    onLoad({ filter: /commander[\\/]lib[\\/]command\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const eager = "require('node:child_process')"
      if (!source.includes(eager)) throw new Error('commander no longer loads child_process this way: look again')
      return { contents: source.replace(eager, `{ get spawn() { return ${eager}.spawn } }`), loader: 'js' }
    })
  },
}

/**
 * A module that collects others is loaded whole as soon as one part of it is loaded later: a list would begin with Yjs and
 * the relay. So each name comes from the module that makes it.
 */
const directImports = {
  name: 'direct-imports',
  async setup({ onLoad }) {
    const origins = new Map()
    for (const barrel of ['src/index.ts', 'src/internal.ts'])
      for (const [, names, from] of (await readFile(barrel, 'utf8')).matchAll(
        /^export \{([^}]*)\} from '\.\/([^']+)'/gm,
      ))
        for (const name of namesIn(names)) origins.set(name, from)
    const grouped = (names, src) => {
      const groups = new Map()
      for (const name of namesIn(names)) {
        const from = origins.get(name.split(' as ')[0])
        if (from === undefined) throw new Error(`no module of src/ is known to make ${name}: look at the barrels again`)
        groups.set(`${src}${from}`, [...(groups.get(`${src}${from}`) ?? []), name])
      }
      return [...groups]
    }
    onLoad({ filter: /[\\/](?:adapters|bin)[\\/].*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8'))
        .replace(/^import \{([^}]*)\} from '([./]+\/src\/)(?:index|internal)\.ts'/gm, (_, names, src) =>
          grouped(names, src)
            .map(([from, own]) => `import { ${own.join(', ')} } from '${from}'`)
            .join(';'),
        )
        .replace(/const \{([^}]*)\} = await import\('([./]+\/src\/)(?:index|internal)\.ts'\)/g, (_, names, src) =>
          grouped(names, src)
            .map(([from, own]) => `const { ${own.join(', ')} } = await import('${from}')`)
            .join(';'),
        ),
      loader: 'ts',
    }))
  },
}

function namesIn(list) {
  return list.split(',').flatMap((part) => (/^(?:type\b.*)?$/.test(part.trim()) ? [] : [part.trim()]))
}

/** Packages of the older kind ask for Node's modules this way. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

const main = await bundled('bin/tide.ts', 'cjs')
const background = await bundled('bin/background.ts', 'esm')
const launcher = await readFile('scripts/launcher.cjs', 'utf8')
const hash = createHash('sha256').update(main).digest('hex').slice(0, 16)
await mkdir('dist', { recursive: true })
for (const name of await readdir('dist')) if (name.endsWith('.cache')) await rm(`dist/${name}`)
await place('dist/tide-main.cjs', main, 0o644)
await place('dist/tide-background.mjs', background, 0o644)
await place('dist/tide.cjs', launcher.replace('BUNDLE', hash), 0o755)
warm()

async function bundled(entry, format) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format,
    external: ['node-gyp-build', 'classic-level/package.json', 'bufferutil', 'utf-8-validate'],
    plugins: [nativeParts, lazyChildProcess, directImports],
    // What is loaded when needed comes by require: it is there at once, and a cached script can do it too.
    ...(format === 'cjs' ? { supported: { 'dynamic-import': false } } : { banner: { js: REQUIRE } }),
    legalComments: 'none',
    logLevel: 'warning',
  })
  return outputFiles[0].contents
}

/** Written aside and renamed, so that a command started meanwhile never reads half a file. */
async function place(path, content, mode) {
  await mkdir('dist', { recursive: true })
  await writeFile(`${path}.new`, content, { mode })
  await chmod(`${path}.new`, mode)
  await rename(`${path}.new`, path)
}

/** Runs the usual commands once, so that what V8 compiled for them is kept for this Node. */
function warm() {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-warm-'))
  try {
    warmWith(dir, 'all', [
      ['init'],
      ['add', 'one', '-l', 'x'],
      ['add', 'two', '--depends', 'T-1'],
      ['list'],
      ['list', '--json'],
      ['show', 'T-1'],
      ['show', 'T-1', '--json'],
      ['set', 'T-1', 'status=doing'],
      ['search', 'one'],
      ['done', 'T-1'],
      ['ready'],
      ['--help'],
    ])
    warmWith(dir, 'list', [
      ['list'],
      ['list', '--json'],
      ['show', 'T-2'],
      ['show', 'T-2', '--json'],
      ['search', 'one'],
      ['ready'],
    ])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** `word` tells the launcher which cache this is for. */
function warmWith(dir, word, lines) {
  const commands = lines.map((args) => (args[0].startsWith('-') ? args : [...args, '--dir', dir]))
  const env = { ...process.env, TIDEMARK_WARM: JSON.stringify(commands), XDG_RUNTIME_DIR: dir, XDG_STATE_HOME: dir }
  const { status, stderr } = spawnSync(process.execPath, ['dist/tide.cjs', word], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) throw new Error(`the bundle does not run: ${String(stderr)}`)
}
