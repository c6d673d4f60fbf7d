/* The company's own lists (industry, source, interaction_kind …) and settings: kept once, fresh after changes. */
import { computed, shallowRef, watch } from 'vue'
import { station, state } from '../station/index.js'
import { both } from '../words/index.js'

const PAUSE_MS = 1000
const items = shallowRef([])
const settings = shallowRef({})
let started = false

async function load() {
  if (!state.user) return
  const [rows, values] = await Promise.all([station.ask('list.items', { all: true }), station.ask('setting.list')]).catch(() => [])
  if (!rows) return
  items.value = rows
  settings.value = Object.fromEntries(values.map(({ name, value }) => [name, value]))
}
function start() {
  if (started) return
  started = true
  load()
  let timer = 0
  watch(() => [state.changes, state.user?.id], () => {
    clearTimeout(timer)
    timer = setTimeout(load, PAUSE_MS)
  })
}

/* What an entry is called in the reader's language; '' for none. */
export function entry(list, code) {
  start()
  if (!code) return ''
  const row = items.value.find(one => one.list === list && one.code === code)
  return row ? both(row, 'name') : String(code)
}
/* Entries that can be chosen, for <q-select emit-value map-options>. `keep`: a code that is shown even if it can no longer be chosen. */
export function choices(list, keep = '') {
  start()
  return items.value.filter(one => one.list === list && (one.active || one.code === keep)).map(row => ({ value: row.code, label: both(row, 'name') }))
}
export const currency = computed(() => {
  start()
  return settings.value['company.currency'] ?? 'CNY'
})
