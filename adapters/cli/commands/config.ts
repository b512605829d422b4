/** `tide config`: what the project has agreed on, in tidemark.json. */
import type { Json } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson } from '../io.ts'
import { nearest } from '../nearest.ts'
import { misuse, parseList, quote, refuse } from '../values.ts'
import type { CliWorld } from '../world.ts'

export type ConfigOptions = Common &
  (
    | { readonly action: 'get'; readonly name?: string }
    | { readonly action: 'set'; readonly name: string; readonly value: Json }
  )

export const command: CommandDescriptor<ConfigOptions> = defineCommand<ConfigOptions>({
  about: 'Lists and objects are written as JSON; statuses may also be names with commas between.',
  examples: [
    ['tide config', 'all settings'],
    ['tide config get prefix', 'one'],
    ['tide config set relay none', 'changes one, for everyone who shares the file'],
    ['tide config set statuses todo,doing,done', 'the names of this project'],
  ],
  grammar(grammar) {
    grammar
      .argument('[action]', 'get or set (default: get)')
      .argument('[name]', 'the setting')
      .argument('[value]', 'its new value')
  },
  options({ common, words: [action = 'get', name, value] }) {
    if (action !== 'get' && action !== 'set') throw misuse('config', `${quote(action)} is neither get nor set`)
    if (name === '') throw refuse('name', 'it is empty', 'see: tide config')
    if (action === 'get') {
      if (value !== undefined) throw misuse('config', 'get takes no value: did you mean set?')
      return { ...common, action, ...(name !== undefined && { name }) }
    }
    if (name === undefined || value === undefined) throw misuse('config', 'set takes a name and a value')
    return { ...common, action, name, value: parseSetting(name, value) }
  },
  async run(options, world) {
    if (options.action === 'set') await world.writeConfig(options.dir, options.name, options.value)
    const { path, settings } = await world.readConfig(options.dir)
    if (options.name === undefined) return printSettings(options, world, path, settings)
    const value = settingOf(options.name, settings)
    if (options.json) printJson(world, { name: options.name, value })
    else world.stdout.write(`${await settingText(value)}\n`)
  },
})

function parseSetting(name: string, text: string): Json {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as Json
    } catch (cause) {
      throw refuse(
        name,
        `its value is not JSON (${cause instanceof Error ? cause.message : 'unreadable'})`,
        'mend the brackets and quotes',
      )
    }
  }
  return name === 'statuses' ? parseList([text]) : text
}

async function printSettings(
  { json }: Common,
  world: CliWorld,
  path: string,
  settings: Readonly<Record<string, Json>>,
): Promise<void> {
  if (json) return printJson(world, { path, settings })
  const entries = Object.entries(settings)
  const texts = await Promise.all(entries.map(([, value]) => settingText(value)))
  const { printable } = await import('../width.ts')
  world.stdout.write(entries.map(([name], index) => `${printable(name)}\t${texts[index]}\n`).join(''))
}

function settingOf(name: string, settings: Readonly<Record<string, Json>>): Json {
  const value = Object.hasOwn(settings, name) ? settings[name] : undefined
  if (value !== undefined) return value
  const near = nearest(name, Object.keys(settings))
  throw refuse(name, 'there is no such setting', near === undefined ? 'see: tide config' : `did you mean ${near}?`)
}

async function settingText(value: Json): Promise<string> {
  const { printable } = await import('../width.ts')
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}
