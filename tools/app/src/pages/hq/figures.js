/* Headquarters' charts: what each shows, the columns of its table, and which rows stand behind each figure. */
import { money, number, plainMoney, rate } from '../../format/index.js'
import { both, column, s, value } from '../../words/index.js'
import { daysOfMonth } from '../../lib/period.js'
import { named, rowsAt } from './filters.js'

export const COLOURS = { won: '#0b5d57', open: '#1b5e9b', lost: '#9a5b55', weighted: '#7aa9a3', count: '#b4570a', void: '#8a9490' }

const count = (key, to) => ({ key, label: column(key), text: row => number(row[key]), csv: row => row[key], to: row => (row[key] ? to?.(row) : null), end: true })
const amount = (key, to) => ({
  key,
  label: column(key),
  text: row => money(row[key], row.currency),
  csv: row => plainMoney(row[key], row.currency),
  to: row => (row[key] ? to?.(row) : null),
  end: true
})
const rateOf = (key, to) => ({ key, label: column(key), text: row => rate(row[key]), csv: row => (row[key] === null ? '' : row[key] / 100), to, end: true })

const currencyOf = rows => rows[0]?.currency
const short = rows => minor => money(minor, currencyOf(rows), { short: true })
export const full = rows => minor => (minor === undefined || minor === null ? '' : money(minor, currencyOf(rows)))
export const GRID = { left: 8, right: 16, top: 16, bottom: 36, containLabel: true }
const SPLIT = { lineStyle: { color: '#e8edec' } }
const LABEL = { color: '#55645f', fontSize: 12 }
export const names = list => ({ type: 'category', data: list, axisTick: { show: false }, axisLine: { lineStyle: { color: '#c4cecb' } }, axisLabel: LABEL })
/* Side by side from the top: as one reads. */
export const down = list => ({ ...names(list), inverse: true, axisLabel: { ...LABEL, width: 96, overflow: 'truncate' } })
export const amounts = rows => ({ type: 'value', axisLabel: { ...LABEL, formatter: short(rows), hideOverlap: true }, splitLine: SPLIT })
export const bar = (id, rows, colour, extra = {}) => ({ id, name: column(id), type: 'bar', barMaxWidth: 26, itemStyle: { color: colour, borderRadius: 2 }, data: rows.map(row => row[id]), cursor: 'pointer', ...extra })

/* A stage's name; with its pipeline where several hold rows. */
export function stageName(row, rows) {
  const several = new Set(rows.map(({ pipeline_code: code }) => code)).size > 1
  return several ? `${both(row, 'pipeline')} · ${both(row, 'stage')}` : both(row, 'stage')
}
const ofStage = (people, closed) => row => rowsAt({ pipeline: row.pipeline_code, stage: row.stage_code, ...(row.state !== 'open' && closed), ...people })

export function funnel(rows, { people, closed }) {
  const to = ofStage(people, closed)
  return {
    columns: [{ key: 'stage', label: column('stage'), text: row => stageName(row, rows) }, count('count', to), amount('amount_minor', to)],
    // Bars, not a tapering shape: present stages need not hold fewer from step to step.
    option: {
      grid: { ...GRID, right: 64 },
      legend: { show: false },
      tooltip: { trigger: 'item' },
      xAxis: { type: 'value', axisLabel: { ...LABEL, hideOverlap: true }, splitLine: SPLIT },
      yAxis: down(rows.map(row => stageName(row, rows))),
      series: [
        bar('count', rows, COLOURS.open, {
          data: rows.map(row => ({ value: row.count, itemStyle: { color: COLOURS[row.state] } })),
          label: { show: true, position: 'right', formatter: ({ value: n }) => number(n), color: '#16211f' }
        })
      ]
    },
    summary: rows.map(row => `${stageName(row, rows)} ${number(row.count)}`).join(s('hq.comma'))
  }
}

export function pipeline(rows, { people }) {
  const to = ofStage(people, {})
  return {
    columns: [
      { key: 'stage', label: column('stage'), text: row => stageName(row, rows) },
      count('count', to),
      amount('amount_minor', to),
      amount('weighted_minor', to)
    ],
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: full(rows) },
      xAxis: amounts(rows),
      yAxis: down(rows.map(row => stageName(row, rows))),
      series: [bar('amount_minor', rows, COLOURS.open), bar('weighted_minor', rows, COLOURS.weighted)]
    },
    summary: rows.map(row => `${stageName(row, rows)} ${money(row.weighted_minor, row.currency)}`).join(s('hq.comma'))
  }
}

export function managers(rows, { people, closed }) {
  const mine = row => ({ ...people, ...(row.manager_id ? { reports_to: row.manager_id } : { unmanaged: 'yes' }) })
  const won = row => rowsAt({ state: 'won', ...closed, ...mine(row) })
  const name = row => row.manager || s('hq.no_manager')
  return {
    columns: [
      { key: 'manager', label: column('manager'), text: name },
      amount('won_amount_minor', won),
      count('won', won),
      count('lost', row => rowsAt({ state: 'lost', ...closed, ...mine(row) })),
      rateOf('win_rate_bp'),
      count('open', row => rowsAt({ state: 'open', ...mine(row) })),
      amount('open_amount_minor', row => rowsAt({ state: 'open', ...mine(row) }))
    ],
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: full(rows) },
      xAxis: amounts(rows),
      yAxis: down(rows.map(name)),
      series: [bar('won_amount_minor', rows, COLOURS.won), bar('open_amount_minor', rows, COLOURS.open)]
    },
    summary: rows.map(row => `${name(row)} ${money(row.won_amount_minor, row.currency)}`).join(s('hq.comma'))
  }
}

function monthColumns({ people, closed, days }) {
  const closedIn = state => row => rowsAt({ state, month: row.month, ...closed, ...people })
  return [
    { key: 'month', label: column('month'), text: row => row.month },
    amount('won_amount_minor', closedIn('won')),
    count('won', closedIn('won')),
    count('lost', closedIn('lost')),
    { ...rateOf('win_rate_bp', closedIn('won')) },
    count('entered', row => rowsAt({ ...named('opened', daysOfMonth(row.month, days)), ...people }))
  ]
}

export function months(rows, scope) {
  return {
    columns: monthColumns(scope).filter(({ key }) => !['win_rate_bp', 'entered'].includes(key)),
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' } },
      xAxis: names(rows.map(({ month }) => month)),
      yAxis: [amounts(rows), { type: 'value', axisLabel: LABEL, splitLine: { show: false }, minInterval: 1 }],
      series: [
        bar('won_amount_minor', rows, COLOURS.won, { tooltip: { valueFormatter: full(rows) } }),
        { id: 'won', name: column('won'), type: 'line', yAxisIndex: 1, data: rows.map(({ won }) => won), symbolSize: 9, showAllSymbol: true, itemStyle: { color: COLOURS.count }, lineStyle: { width: 2 }, cursor: 'pointer' }
      ]
    },
    summary: rows.map(row => `${row.month} ${money(row.won_amount_minor, row.currency)}`).join(s('hq.comma'))
  }
}

export function rates(rows, scope) {
  return {
    columns: monthColumns(scope).filter(({ key }) => ['month', 'won', 'lost', 'win_rate_bp'].includes(key)),
    option: {
      grid: GRID,
      legend: { show: false },
      tooltip: { trigger: 'axis', valueFormatter: rate },
      xAxis: names(rows.map(({ month }) => month)),
      yAxis: { type: 'value', min: 0, max: 10000, interval: 2500, axisLabel: { ...LABEL, formatter: rate }, splitLine: SPLIT },
      series: [
        {
          id: 'win_rate_bp',
          name: column('win_rate_bp'),
          type: 'line',
          data: rows.map(row => row.win_rate_bp),
          symbolSize: 9,
          showAllSymbol: true,
          itemStyle: { color: COLOURS.won },
          lineStyle: { width: 2 },
          areaStyle: { color: COLOURS.won, opacity: 0.08 },
          cursor: 'pointer'
        }
      ]
    },
    summary: rows.map(row => `${row.month} ${rate(row.win_rate_bp)}`).join(s('hq.comma'))
  }
}

export function forecast(rows, { people }) {
  const to = row => rowsAt({ state: 'open', forecast: row.forecast, ...people })
  const name = row => value('forecast', row.forecast)
  return {
    columns: [{ key: 'forecast', label: column('forecast'), text: name }, count('count', to), amount('amount_minor', to), amount('weighted_minor', to)],
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: full(rows) },
      xAxis: names(rows.map(name)),
      yAxis: amounts(rows),
      series: [bar('amount_minor', rows, COLOURS.open, { barMaxWidth: 40 }), bar('weighted_minor', rows, COLOURS.weighted, { barMaxWidth: 40 })]
    },
    summary: rows.map(row => `${name(row)} ${money(row.amount_minor, row.currency)}`).join(s('hq.comma'))
  }
}

export function products(rows, { people, closed }) {
  const to = state => row => (row.product_id ? rowsAt({ state, product: row.product_id, ...(state !== 'open' && closed), ...people }) : null)
  const name = row => row.product || s('hq.no_product')
  return {
    columns: [{ key: 'product', label: column('product'), text: name }, amount('won_amount_minor', to('won')), count('won', to('won')), count('lost', to('lost'))],
    option: {
      grid: GRID,
      legend: { show: false },
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: full(rows) },
      xAxis: amounts(rows),
      yAxis: down(rows.map(name)),
      series: [bar('won_amount_minor', rows, COLOURS.won)]
    },
    summary: rows.map(row => `${name(row)} ${money(row.won_amount_minor, row.currency)}`).join(s('hq.comma'))
  }
}
