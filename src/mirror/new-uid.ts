/** The identity of a task that a file brings along without one: the same in every clone that finds the same file. */
import type { Uid } from '../ids.ts'
import { hash53 } from '../task/hash.ts'

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** Ten letters that follow from a text. */
export function uidFrom(text: string): Uid {
  let rest = hash53(text, 7)
  let uid = ''
  for (let place = 0; place < 10; place++) {
    uid += LETTERS.charAt(rest % 32)
    rest = Math.floor(rest / 32)
  }
  return uid as Uid
}
