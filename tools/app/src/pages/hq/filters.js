/* What headquarters' page is about (period, manager, branch) stands in its address: to be kept, sent, and gone back to. */
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { PERIODS, daysOf } from '../../lib/period.js'

const ID = /^[0-9a-f-]{36}$/
const id = value => (typeof value === 'string' && ID.test(value) ? value : '')

export function useFilters() {
  const route = useRoute()
  const router = useRouter()
  const period = computed(() => (PERIODS.includes(route.query.period) ? route.query.period : 'all'))
  const days = computed(() => daysOf(period.value, route.query))
  const manager = computed(() => id(route.query.manager))
  const branch = computed(() => id(route.query.branch))

  function set(changes) {
    const query = { ...route.query, ...changes }
    if (query.period !== 'own') delete query.from, delete query.to
    for (const name of Object.keys(query)) if (!query[name] || query[name] === 'all') delete query[name]
    router.replace({ query })
  }
  /* The people it is about, as every query of it takes them. */
  const people = computed(() => ({ ...(manager.value && { manager: manager.value }), ...(branch.value && { branch: branch.value }) }))
  const args = computed(() => ({ ...people.value, ...(days.value.from && { from: days.value.from }), ...(days.value.to && { to: days.value.to }) }))
  /* Days as opportunity.list takes them. */
  const closed = computed(() => named('closed', days.value))
  const opened = computed(() => named('opened', days.value))
  return { period, days, manager, branch, people, args, closed, opened, set }
}

export function named(kind, { from, to }) {
  return { ...(from && { [kind + '_from']: from }), ...(to && { [kind + '_to']: to }) }
}
export const rowsAt = query => ({ name: 'rows', query })
