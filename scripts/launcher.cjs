#!/usr/bin/env node
'use strict'
/**
 * Starts the command from its bundle with the machine code that V8 kept of it: a fifth of a start's time.
 * The cache lies beside the bundle, named after the bundle's content and this Node; where it cannot be written the
 * command only starts a little slower.
 */
const { readFileSync, renameSync, writeFileSync } = require('node:fs')
const { createRequire, wrap } = require('node:module')
const { Script } = require('node:vm')
const { crc32 } = require('node:zlib')

const SUM_BYTES = 4
const file = `${__dirname}/tide-main.cjs`
// What only reads needs a third of the code, and a larger cache takes longer to load.
const part = ['list', 'ready', 'search', 'show'].includes(process.argv[2]) ? 'reading' : 'all'
const cache = `${__dirname}/tide-main.BUNDLE.${process.version}-${process.arch}.${part}.cache`

/** V8 believes what it is given: a byte that changed on the disk could end the process, so the cache proves itself first. */
function readCache() {
  try {
    const bytes = readFileSync(cache)
    const code = bytes.subarray(SUM_BYTES)
    return crc32(code) === bytes.readUInt32LE(0) ? code : undefined
  } catch {
    return undefined // none yet, or a cut one
  }
}

const cachedData = readCache()
const script = new Script(wrap(readFileSync(file, 'utf8')), { filename: file, cachedData })
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, createRequire(file), bundle, file, __dirname)

if (process.env.TIDEMARK_WARM !== undefined) {
  // Several commands in one process, so that the cache holds what all of them use (scripts/bundle.mjs).
  const commands = JSON.parse(process.env.TIDEMARK_WARM)
  commands.reduce((before, args) => before.then(() => bundle.exports.main(args)), Promise.resolve()).then(keep)
} else {
  if (cachedData === undefined || script.cachedDataRejected) process.once('exit', keep)
  bundle.exports.main()
}

function keep() {
  try {
    const code = script.createCachedData()
    const sum = Buffer.alloc(SUM_BYTES)
    sum.writeUInt32LE(crc32(code))
    writeFileSync(`${cache}.${process.pid}`, Buffer.concat([sum, code]))
    renameSync(`${cache}.${process.pid}`, cache)
  } catch {
    // Installed by someone else: this user may not write here.
  }
}
