/* The filters of the list and the board, kept in the page's address so that back, a link and a drill-down all work. */

export const STATES = ['open', 'won', 'lost', 'void', 'all']
export const ORDERS = ['newest', 'amount', 'close_on', 'changed', 'name']
export const PERIODS = ['opened', 'expected', 'closed']
const NAMES = ['text', 'stage', 'owner', 'manager', 'member', 'customer', 'product', 'pipeline', 'source', 'lost_reason', 'forecast', 'branch', 'by', 'from', 'to']
const DATE = /^\d{4}-\d\d-\d\d$/

const one = value => (Array.isArray(value) ? value[0] : value) ?? ''

export function fromQuery(query = {}) {
  const filters = { state: 'open', order: 'newest', overdue: false, view: 'list' }
  for (const name of NAMES) filters[name] = one(query[name])
  if (STATES.includes(one(query.state))) filters.state = one(query.state)
  if (ORDERS.includes(one(query.order))) filters.order = one(query.order)
  if (one(query.view) === 'board') filters.view = 'board'
  filters.overdue = one(query.overdue) === 'yes'
  if (!PERIODS.includes(filters.by)) filters.by = ''
  for (const name of ['from', 'to']) if (!DATE.test(filters[name])) filters[name] = ''
  return filters
}

/* Only what differs from the page as it opens. */
export function toQuery(filters) {
  const query = {}
  const empty = fromQuery()
  for (const [name, value] of Object.entries(filters)) {
    if (value === empty[name] || value === null || value === undefined) continue
    query[name] = value === true ? 'yes' : value
  }
  return query
}

/* The arguments of opportunity.count; opportunity.list takes the order beside them. */
export function toArgs({ state, overdue, by, from, to, ...filters }) {
  const args = {}
  for (const name of NAMES.slice(0, -3)) if (filters[name]?.trim()) args[name] = filters[name].trim()
  if (state !== 'all') args.state = state
  if (overdue) args.overdue = true
  if (by && from) args[by + '_from'] = from
  if (by && to) args[by + '_to'] = to
  return args
}

/* How many filters are set beside the search, for the button that opens them. */
export function countSet(filters) {
  const { text, view, order, from, to, by, ...query } = toQuery(filters)
  return Object.keys(query).length + (by && (from || to) ? 1 : 0)
}
