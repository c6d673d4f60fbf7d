/* Named periods and their days, as business dates (YYYY-MM-DD). */

export const PERIODS = ['all', 'year', 'last_year', 'quarter', 'last_quarter', 'month', 'last_month', 'own']
const DATE = /^\d{4}-\d{2}-\d{2}$/

const two = n => String(n).padStart(2, '0')
const text = date => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
const span = (year, month, months) => ({ from: text(new Date(year, month, 1)), to: text(new Date(year, month + months, 0)) })

/* Gives {from, to}; both empty for all time. `own`: the days given, as far as they are dates. */
export function daysOf(period, { from = '', to = '' } = {}, now = new Date()) {
  const year = now.getFullYear()
  const month = now.getMonth()
  const quarter = month - (month % 3)
  switch (period) {
    case 'year': return span(year, 0, 12)
    case 'last_year': return span(year - 1, 0, 12)
    case 'quarter': return span(year, quarter, 3)
    case 'last_quarter': return span(year, quarter - 3, 3)
    case 'month': return span(year, month, 1)
    case 'last_month': return span(year, month - 1, 1)
    case 'own': return { from: DATE.test(from) ? from : '', to: DATE.test(to) ? to : '' }
    default: return { from: '', to: '' }
  }
}

/* First and last day of a month such as 2027-03, within a period. */
export function daysOfMonth(month, { from = '', to = '' } = {}) {
  const [year, number] = month.split('-').map(Number)
  const whole = span(year, number - 1, 1)
  return { from: from > whole.from ? from : whole.from, to: to && to < whole.to ? to : whole.to }
}
