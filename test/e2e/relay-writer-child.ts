/** A client that only writes: `<url> <name>`. Says each key once the relay has acknowledged it; ends with its input, or when it is killed. */
import { RelayClient } from './relay-client.ts'
import { say } from './say.ts'

const [, , url = '', name = ''] = process.argv
process.stdin.resume()
process.stdin.once('end', () => process.exit(0))

const client = await RelayClient.join(url)
for (let turn = 0; !client.isOver; turn++) {
  const keys = [0, 1, 2].map((index) => `${name}-${turn}-${index}`)
  const written = await Promise.all(keys.map((key) => client.write(key, `${key} ${'lorem ipsum '.repeat(20)}`)))
  for (const [index, key] of keys.entries()) if (written[index] === true) say(key)
}
