/* What the rows behind ids are called: asked once, kept until rows change. */
import { reactive, watch } from 'vue'
import { station, state } from '../station/index.js'
import { both } from '../words/index.js'

const SHOWN = {
  app_user: ['person.show', 'person'],
  customer: ['customer.show', 'customer'],
  opportunity: ['opportunity.show', 'opportunity']
}
const WHOLE = { stage: ['stage.list', { all: true }], branch: ['branch.list', {}], product: ['product.list', { all: true }], pipeline: ['pipeline.list', {}] }

/* Which table a column's id belongs to. */
const TABLES = { owner_id: 'app_user', user_id: 'app_user', assignee_id: 'app_user', manager_id: 'app_user', shared_with_id: 'app_user' }
export function tableOf(name) {
  if (name in TABLES) return TABLES[name]
  if (name.endsWith('user_id')) return 'app_user'
  if (name.endsWith('stage_id')) return 'stage'
  const stem = name.replace(/_id$/, '')
  return stem in SHOWN || stem in WHOLE ? stem : ''
}

const rows = reactive(new Map()) // id → row, or null while it is asked for
const wholes = new Set()

async function askOne(table, id) {
  const [query, parameter] = SHOWN[table]
  rows.set(id, (await station.one(query, { [parameter]: id }).catch(() => null)) ?? {})
}
async function askAll(table) {
  for (const row of await station.ask(...WHOLE[table]).catch(() => [])) rows.set(row.id, row)
}

/* '' until it is known, and when this station may not see it. Reactive. */
export function nameOf(table, id) {
  const row = rows.get(id)
  if (row) return row.name ?? both(row, 'name')
  if (row === undefined && id) queueMicrotask(() => learn(table, id))
  return ''
}
function learn(table, id) {
  if (rows.has(id)) return
  if (table in SHOWN) {
    rows.set(id, null)
    askOne(table, id)
  } else if (table in WHOLE && !wholes.has(table)) {
    wholes.add(table)
    askAll(table)
  }
}
watch(() => [state.user?.id, state.changes], () => {
  rows.clear()
  wholes.clear()
})
