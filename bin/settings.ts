/** Making a workspace and changing its settings: tidemark.json, written whole or not at all. */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Environment } from '../adapters/node/places.ts'
import type { InitOptions, InitOutcome } from '../adapters/cli/world.ts'
import {
  newConfig,
  newProjectId,
  parseConfig,
  parseProjectId,
  renderConfig,
  TaskError,
  withSetting,
  type Config,
  type Json,
  type Runtime,
} from '../src/index.ts'
import { actorNameFrom, CONFIG_FILE, placeOf, prepareState, readConfigFile } from './workspace-world.ts'

const SETTINGS = ['format', 'tasks', 'prefix', 'relay'] as const

/** Idempotent: a second call changes nothing, and asking for something else than is there is refused. */
export async function initialise(
  options: InitOptions,
  runtime: Runtime,
  env: Environment = process.env,
): Promise<InitOutcome> {
  const dir = resolve(options.dir)
  if (existsSync(join(dir, CONFIG_FILE))) return outcome(dir, agreeing(dir, options), false, env)
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new TaskError('FILE_NOT_FOUND', { path: dir })
  if (options.format !== undefined && options.format !== 'native') {
    throw new TaskError('INVALID_INPUT', {
      field: 'format',
      problem: `files of ${options.format} cannot be read yet`,
      fix: 'leave --format out',
    })
  }
  const asked = Object.fromEntries(
    SETTINGS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
  const config =
    options.settings === undefined ? newConfig(newProjectId(runtime.random), asked) : parseConfig(options.settings)
  try {
    await writeNewFile(join(dir, CONFIG_FILE), new TextEncoder().encode(renderConfig(config)))
  } catch (cause) {
    // Another init was a moment faster: its project is the one.
    if (cause instanceof TaskError && cause.code === 'FILE_EXISTS')
      return outcome(dir, agreeing(dir, options), false, env)
    throw cause
  }
  return outcome(dir, config, true, env)
}

/** The settings of a project that is elsewhere already; what it has agreed on beyond them is not known here. */
export function settingsOf(project: string, relay: string): string {
  return renderConfig(newConfig(parseProjectId(project), { relay }))
}

export async function changeSetting(dir: string, name: string, value: Json): Promise<void> {
  const { text, config } = readConfigFile(dir)
  const path = join(dir, CONFIG_FILE)
  const encoder = new TextEncoder()
  const rendered = renderConfig(withSetting(config, name, value))
  if (!(await isWritten(path, encoder.encode(rendered), encoder.encode(text))))
    throw new TaskError('FILE_CHANGED', { path })
}

/** Refuses to replace a file. */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  if (!(await isWritten(path, bytes, null))) throw new TaskError('FILE_EXISTS', { path })
}

/** False where the file is not as it was `before`. */
async function isWritten(path: string, bytes: Uint8Array, before: Uint8Array | null): Promise<boolean> {
  const { openFiles } = await import('../adapters/node/files.ts')
  try {
    return (await openFiles(dirname(resolve(path))).write(basename(path), bytes, before)) === 'written'
  } catch (cause) {
    // Files knows names below its root only; a person wants to know where.
    if (!(cause instanceof TaskError)) throw cause
    throw new TaskError(cause.code, { ...cause.details, path }, { cause })
  }
}

function agreeing(dir: string, options: InitOptions): Config {
  const { config } = readConfigFile(dir)
  for (const setting of SETTINGS) {
    const asked = options[setting]
    if (asked !== undefined && asked !== config[setting])
      throw new TaskError('WORKSPACE_EXISTS', { dir, setting, current: config[setting] })
  }
  return config
}

async function outcome(dir: string, config: Config, created: boolean, env: Environment): Promise<InitOutcome> {
  prepareState(dir)
  return {
    imported: created ? await adopted(dir, env) : 0,
    dir,
    project: config.project,
    format: config.format,
    tasks: config.tasks,
    created,
  }
}

/** How many tasks the files that are there already hold. */
async function adopted(dir: string, env: Environment): Promise<number> {
  const { openBriefly } = await import('./open.ts')
  await using workspace = openBriefly(placeOf(dir, env), actorNameFrom(env))
  await workspace.project.lookAtFiles()
  return (await workspace.project.tasks()).count
}
