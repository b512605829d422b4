#!/usr/bin/env node
/** The command. */
import { runProgram } from '../adapters/cli/program.ts'
import { realWorld } from './world.ts'

void runProgram(realWorld()).then((code) => {
  process.exitCode = code
})
