/** Schedules of files that were red once, each for a cause that has its story elsewhere. */
import { expect, it } from 'vitest'
import { mirrorScheduleOf } from '../support/mirror-simulation.ts'
import { playMirror } from '../support/playing.ts'

it.each([930108, 823039, 201405, 400303, 500748, 702263, 708066, 711421, 720464, 741489])(
  '[M2] seed %i: no word is lost, none stands twice',
  async (seed) => {
    expect((await playMirror(mirrorScheduleOf(seed))).problems).toEqual([])
  },
)
