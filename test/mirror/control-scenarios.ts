/** Short stories in which plausible ways to mirror files lose, mix or double something; each tells what went wrong. */
import { BODY, clones, FILE, two } from './clones.ts'
import { exchange, openDesk, type Desk } from './desk.ts'

export type Scenario = () => Promise<readonly string[]>

/** Two people edit two lines of one body. */
export const twoLinesOfOneBody: Scenario = async () => {
  const [one, other] = await two()
  await exchange(one, other)
  await one.edit(FILE, 'The login fails.', 'The login w1 fails.')
  await other.edit(FILE, 'See the log.', 'See the w2 log.')
  return ends([one, other], ['w1', 'w2', 'token', 'login'])
}

/** Two people retype the same word of one paragraph. */
export const oneParagraphTwice: Scenario = async () => {
  const [one, other] = await two()
  await exchange(one, other)
  await one.edit(FILE, 'reads the token twice', 'reads the tackling twice')
  await other.edit(FILE, 'reads the token twice', 'reads the token nicely')
  const said = await ends([one, other], ['tackling', 'nicely'])
  await one.edit(FILE, 'See the log.', 'See the blog.')
  await other.edit(FILE, 'See the log.', 'See the logic.')
  return [...said, ...(await ends([one, other], ['blog', 'logic']))]
}

/** Both pull one commit before they meet. */
export const oneCommitPulledTwice: Scenario = async () => {
  const desks = await clones(2)
  const [first] = desks
  const text = (await first?.text(FILE))?.replace('See the log.', 'See the w1 log.\n\nw2 came too.') ?? ''
  for (const desk of desks) {
    desk.save(FILE, text)
    await desk.commit()
    await desk.sync()
  }
  return ends(desks, ['w1', 'w2', 'came'])
}

/** An editor saves what it read before an agent wrote. */
export const staleSave: Scenario = async () => {
  const desk = openDesk()
  await desk.add('Fix login', { body: BODY })
  const [path = ''] = await desk.paths()
  const old = await desk.text(path)
  await desk.set('T-1', { body: `w1 before.\n\n${BODY}` })
  await desk.set('T-1', { addLabels: ['w2'] })
  desk.save(path, old.replace('See the log.', 'See the w3 log.'))
  await desk.sync()
  const text = await desk.text(path)
  return ['w1', 'w2', 'w3'].filter((word) => !text.includes(word)).map((word) => `${word} is lost`)
}

/** The same where what the agent wrote is short, and what the editor changed is long. */
export const staleSaveOfLongWord: Scenario = async () => {
  const desk = openDesk()
  await desk.add('Fix login', { status: 'todo', fields: { estimate: 3 } })
  const [path = ''] = await desk.paths()
  const old = await desk.text(path)
  await desk.set('T-1', { status: 'done', fields: { estimate: 4 } })
  desk.save(path, old.replace('status: todo', 'status: doing'))
  await desk.sync()
  const task = await desk.task('T-1')
  return [
    ...(task.fields['estimate'] === 4 ? [] : [`the estimate is ${JSON.stringify(task.fields['estimate'])}`]),
    ...((await desk.conflicts()).some(({ field }) => field === 'status') ? [] : ['the saved status is not listed']),
  ]
}

/** A person sets a status, and sets it back. */
export const thereAndBack: Scenario = async () => {
  const desk = openDesk()
  await desk.add('Fix login', { status: 'todo' })
  const [path = ''] = await desk.paths()
  await desk.edit(path, 'status: todo', 'status: doing')
  await desk.sync()
  await desk.edit(path, 'status: doing', 'status: todo')
  await desk.sync()
  const { status } = await desk.task('T-1')
  return status === 'todo' ? [] : [`the status is ${status}`]
}

/** A person saves right after the mirror wrote. */
export const savedRightAfter: Scenario = async () => {
  const desk = openDesk()
  await desk.add('Fix login', { body: BODY })
  const [path = ''] = await desk.paths()
  await desk.set('T-1', { status: 'doing' })
  await desk.edit(path, 'See the log.', 'See the w1 log.')
  await desk.sync()
  await desk.workspace.runtime.advance(10_000)
  await desk.sync()
  return (await desk.task('T-1')).body.includes('w1') ? [] : ['w1 was taken for an echo']
}

/** A command changes one field of a file that people shaped. */
export const shapedFile: Scenario = async () => {
  const desk = openDesk()
  const text =
    '---\ntitle:   "Fix login"   # as agreed\n# who asks?\nstatus: todo\nzeta: [ a,  "b c" ]\n---\n\n* one\n* two  \n'
  desk.save('tasks/login.md', text)
  await desk.sync()
  const [task] = (await desk.call('tasks.list', {})).tasks
  await desk.set(task?.key ?? '', { status: 'doing' })
  const lines = (await desk.text('tasks/login.md')).split('\n')
  const wanted = text.replace('status: todo', 'status: doing').split('\n')
  return wanted.filter((line) => !lines.includes(line)).map((line) => `it is not there: ${line}`)
}

/** All exchange until everybody has heard everything; words must stand once, in equal files. */
async function ends(desks: readonly Desk[], words: readonly string[]): Promise<readonly string[]> {
  for (let turn = 0; turn < 2; turn++)
    for (const one of desks) for (const other of desks) if (one !== other) await exchange(one, other)
  const texts = await Promise.all(desks.map((desk) => desk.text(FILE)))
  const [text = ''] = texts
  const body = text.slice(text.indexOf('\n---\n') + 5)
  const wrong = words.flatMap((word) => {
    const count = body.match(new RegExp(`\\b${word}\\b`, 'g'))?.length ?? 0
    return count === 1 ? [] : [`${word} stands there ${count} times in\n${body}`]
  })
  return [...wrong, ...(new Set(texts).size === 1 ? [] : ['the files differ'])]
}
