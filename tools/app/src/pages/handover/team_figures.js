/* The team's chart and table. */
import { ago, money, number, plainMoney, rate } from '../../format/index.js'
import { column, s } from '../../words/index.js'
import { rowsAt } from '../hq/filters.js'
import { COLOURS, GRID, amounts, bar, down, full } from '../hq/figures.js'

export function team(rows, { closed }) {
  const to = (state, extra = {}) => row => (row[state] ? rowsAt({ state, owner: row.user_id, ...extra }) : null)
  const count = (key, way) => ({ key, label: column(key), text: row => number(row[key]), csv: row => row[key], to: way, end: true })
  const amount = (key, way) => ({ key, label: column(key), text: row => money(row[key], row.currency), csv: row => plainMoney(row[key], row.currency), to: way, end: true })
  return {
    columns: [
      { key: 'person', label: column('person'), text: row => row.person },
      amount('won_amount_minor', to('won', closed)),
      count('won', to('won', closed)),
      count('lost', to('lost', closed)),
      { key: 'win_rate_bp', label: column('win_rate_bp'), text: row => rate(row.win_rate_bp), csv: row => (row.win_rate_bp === null ? '' : row.win_rate_bp / 100), end: true },
      count('open', to('open')),
      amount('open_amount_minor', to('open')),
      count('customers', () => null),
      { key: 'overdue', label: s('team.overdue'), text: row => number(row.overdue_reminders + row.overdue_tasks), csv: row => row.overdue_reminders + row.overdue_tasks, end: true },
      { key: 'last_activity_at', label: column('last_activity_at'), text: row => ago(row.last_activity_at) || '–', csv: row => (row.last_activity_at ? new Date(row.last_activity_at).toISOString() : ''), end: true }
    ],
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: full(rows) },
      xAxis: amounts(rows),
      yAxis: down(rows.map(row => row.person)),
      series: [bar('won_amount_minor', rows, COLOURS.won), bar('open_amount_minor', rows, COLOURS.open)]
    },
    summary: rows.map(row => `${row.person} ${money(row.won_amount_minor, row.currency)}`).join(s('hq.comma'))
  }
}
