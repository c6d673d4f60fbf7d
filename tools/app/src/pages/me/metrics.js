/* The figures of result.brief as a page shows them: value, what it is compared with, and where its rows are. */

export const PERIODS = ['week', 'month', 'quarter', 'year']

/* What a person wants to see, in this order. */
const SHOWN = ['won_amount', 'won', 'win_rate', 'new_opportunities', 'new_customers', 'visits', 'interactions', 'open_amount', 'weighted_amount', 'open', 'lost']

const of = (row, stem) => row[stem + '_minor'] ?? row[stem + '_bp'] ?? row[stem] ?? null
export const unitOf = row => (['won_amount', 'open_amount', 'weighted_amount'].includes(row.metric) ? 'minor' : row.metric === 'win_rate' ? 'bp' : 'count')

/* More or less than before: {way: 'up'|'down'|'same', by, before}; by: basis points, null where there was nothing to compare with. */
export function change(row, stem, by) {
  const before = of(row, stem)
  const now = of(row, 'value')
  if (before === null || now === null) return null
  return { way: now > before ? 'up' : now < before ? 'down' : 'same', by: row[by] ?? null, before }
}

export function figures(rows) {
  return SHOWN.map(metric => rows.find(row => row.metric === metric))
    .filter(Boolean)
    .map(row => ({
      metric: row.metric,
      unit: unitOf(row),
      value: of(row, 'value'),
      currency: row.currency,
      now: row.metric.startsWith('open') || row.metric === 'weighted_amount', // not of a period
      better: row.metric === 'lost' ? 'down' : 'up',
      previous: change(row, 'previous', 'change_bp'),
      year: change(row, 'previous_year', 'change_year_bp')
    }))
}

/* The rows behind a figure: a route, or null where there are none to show. */
export function rowsBehind(metric, { from_on: from, to_on: to }, user) {
  const closed = { by: 'closed', from, to, owner: user }
  switch (metric) {
    case 'won_amount':
    case 'won': return { name: 'opportunities', query: { state: 'won', ...closed } }
    case 'lost': return { name: 'opportunities', query: { state: 'lost', ...closed } }
    case 'win_rate': return { name: 'opportunities', query: { state: 'all', ...closed } }
    case 'new_opportunities': return { name: 'opportunities', query: { state: 'all', by: 'opened', from, to, owner: user } }
    case 'open':
    case 'open_amount':
    case 'weighted_amount': return { name: 'opportunities', query: { owner: user } }
    case 'new_customers': return { name: 'customers', query: { owner: user, registered_from: from, registered_to: to, order: 'newest' } }
    case 'visits': return { name: 'my-visits', query: { kind: 'visit', from, to } }
    case 'interactions': return { name: 'my-visits', query: { from, to } }
  }
  return null
}
