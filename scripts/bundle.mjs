/** Makes dist/tide.cjs: the command in one file, because a start that loads one file is several times faster than one that loads many. */
import { chmod, rename } from 'node:fs/promises'
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

// Written aside and renamed, so that a command started meanwhile never reads half a file.
const aside = `dist/tide.${process.pid}.cjs`
await build({
  entryPoints: ['bin/tide.ts'],
  outfile: aside,
  bundle: true,
  minify: true,
  keepNames: false,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['node-gyp-build', 'classic-level/package.json'],
  plugins: [nativeParts],
  metafile: process.argv.includes('--analyse'),
  logLevel: 'warning',
})
await chmod(aside, 0o755)
await rename(aside, 'dist/tide.cjs')
