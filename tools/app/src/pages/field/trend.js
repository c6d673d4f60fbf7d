/* Conflicts and refusals by the week in which the work was done, as a chart. */
import { number } from '../../format/index.js'
import { s } from '../../words/index.js'
import { COLOURS, GRID, bar, names } from '../hq/figures.js'

export function trend(weeks) {
  const figure = key => ({ key, label: s('field.trend_' + key), text: row => number(row[key]), csv: row => row[key], end: true })
  return {
    columns: [{ key: 'week', label: s('field.week'), text: row => row.week }, figure('conflicts'), figure('refusals'), figure('open')],
    option: {
      grid: GRID,
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' } },
      xAxis: names(weeks.map(({ week }) => week.slice(5))),
      yAxis: { type: 'value', minInterval: 1, splitLine: { lineStyle: { color: '#e8edec' } } },
      series: [
        bar('conflicts', weeks, COLOURS.count, { name: s('field.trend_conflicts'), stack: 'all', cursor: 'default' }),
        bar('refusals', weeks, COLOURS.lost, { name: s('field.trend_refusals'), stack: 'all', cursor: 'default' })
      ]
    },
    summary: s('field.trend_summary', { conflicts: weeks.reduce((sum, row) => sum + row.conflicts, 0), refusals: weeks.reduce((sum, row) => sum + row.refusals, 0) })
  }
}
