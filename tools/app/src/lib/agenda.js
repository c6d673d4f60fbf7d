/* What one does with a row of followup.agenda, wherever it is shown: done, later, and back again. */
import { Notify } from 'quasar'
import { station } from '../station/index.js'
import { tellFailure } from './act.js'
import { when } from '../format/when.js'
import { s } from '../words/index.js'

const UNDO_MS = 7000

async function attempt(action) {
  try {
    return await action()
  } catch (cause) {
    tellFailure(cause)
    return null
  }
}
function told(message, undo) {
  Notify.create({
    message,
    color: 'dark',
    timeout: UNDO_MS,
    group: false,
    actions: [{ label: s('shell.undo'), color: 'white', handler: () => attempt(undo), 'data-test': 'undo' }]
  })
}

/* Both give true when it worked. */
export async function markDone(item) {
  return Boolean(await attempt(async () => {
    if (item.kind === 'reminder') {
      await station.do('reminder.done', { reminder: item.id })
      told(s('agenda.was_done', { title: item.title }), () => station.do('reminder.reopen', { reminder: item.id }))
    } else {
      const result = await station.do('task.done', { task: item.id })
      const next = result.next_id ? s('agenda.comes_again', { time: when(result.next_at) }) : s('agenda.was_done', { title: item.title })
      told(next, () => station.do('task.reopen', { task: item.id, next: result.next_id ?? undefined }))
    }
    return true
  }))
}

export async function snooze(item, until) {
  return Boolean(await attempt(async () => {
    const move = time => (item.kind === 'reminder' ? station.do('reminder.snooze', { reminder: item.id, until: time }) : station.do('task.snooze', { task: item.id, until: time }))
    await move(until)
    told(s('agenda.was_snoozed', { time: when(until) }), () => move(item.planned_at ?? item.due_at ?? Date.now()))
    return true
  }))
}
