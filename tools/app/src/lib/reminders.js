/* Watches for reminders that are due while any page is open. Works without a network: the station is here. */
import { computed, ref, shallowRef, watch } from 'vue'
import { station, state } from '../station/index.js'
import { notify } from './notifications.js'
import { takeRinging, unseen, putAway } from './ringing.js'
import { when } from '../format/when.js'
import { s } from '../words/index.js'

const LOOK_MS = 10000
const FEW = 3 // more at once are told in one notification
const rows = shallowRef([])
const puts = ref(0) // grows when banners are put away, here or in another page

const rungKey = () => 'satchel.rung.' + (state.user?.id ?? '')
const awayKey = () => 'satchel.put_away.' + (state.user?.id ?? '')
const pathOf = row => (row.opportunity_id ? '/opportunities/' + row.opportunity_id : row.customer_id ? '/customers/' + row.customer_id : '/')

export const due = computed(() => {
  puts.value
  return unseen(localStorage, awayKey(), rows.value)
})
export function dismiss(list) {
  putAway(localStorage, awayKey(), list)
  puts.value++
}

/* One page at a time looks what rings: two would both find it new. */
const alone = action => (navigator.locks ? navigator.locks.request('satchel.ring', action) : action())

async function look() {
  if (!state.user) {
    rows.value = []
    return
  }
  const found = await station.ask('reminder.due').catch(() => null)
  if (!found) return
  rows.value = found
  const fresh = await alone(() => takeRinging(localStorage, rungKey(), found))
  if (fresh.length > FEW) {
    await notify(s('ring.many', { n: fresh.length }), { body: fresh.slice(0, FEW).map(row => row.title).join('\n'), tag: 'satchel.many', path: '/' })
  } else {
    for (const row of fresh) await notify(row.title, { body: [row.customer, when(row.due_at)].filter(Boolean).join(' · '), tag: row.id, path: pathOf(row) })
  }
}

let started = false
export function watchReminders(router) {
  if (started) return
  started = true
  const again = () => look().catch(() => {})
  setInterval(again, LOOK_MS)
  watch(() => [state.changes, state.user?.id], again, { immediate: true })
  window.addEventListener('storage', event => {
    if (event.key === awayKey()) puts.value++
  })
  navigator.serviceWorker?.addEventListener('message', event => {
    if (typeof event.data?.open === 'string' && event.data.open.startsWith('/')) router.push(event.data.open)
  })
}
