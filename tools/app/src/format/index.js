/* Values as people read them: money, rates, dates. Numbers come raw: minor units, basis points, UTC milliseconds, thousandths. */
import { locale, isChinese, s } from '../words/index.js'

const cache = new Map()
function formatter(kind, options) {
  const key = locale.value + JSON.stringify(options)
  if (!cache.has(key)) cache.set(key, new kind(isChinese() ? 'zh-CN' : 'en-GB', options))
  return cache.get(key)
}

const DIGITS = { JPY: 0, KRW: 0, VND: 0 }

export function money(minor, currency = 'CNY', { short = false } = {}) {
  if (minor === null || minor === undefined) return ''
  const digits = DIGITS[currency] ?? 2
  const amount = Number(minor) / 10 ** digits
  return formatter(Intl.NumberFormat, {
    style: 'currency',
    currency: currency || 'CNY',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: short ? 0 : digits,
    maximumFractionDigits: short ? (Math.abs(amount) >= 10000 ? 1 : 0) : digits,
    notation: short && Math.abs(amount) >= 10000 ? 'compact' : 'standard'
  }).format(amount)
}
/* An amount as a plain number, for files. */
export const plainMoney = (minor, currency = 'CNY') => (minor === null || minor === undefined ? '' : (Number(minor) / 10 ** (DIGITS[currency] ?? 2)).toFixed(DIGITS[currency] ?? 2))
export const number = n => (n === null || n === undefined ? '' : formatter(Intl.NumberFormat, {}).format(n))
export const rate = bp => (bp === null || bp === undefined ? '–' : (bp / 100).toFixed(2).replace(/\.?0+$/, '') + ' %')
export const quantity = qty => (qty === null || qty === undefined ? '' : number(qty / 1000))

const two = n => String(n).padStart(2, '0')
export const day = date => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
export const today = () => day(new Date())
export function time(ms) {
  if (!ms) return ''
  const date = new Date(ms)
  return `${day(date)} ${two(date.getHours())}:${two(date.getMinutes())}`
}
/* The clock of today, the whole time of another day. */
export const moment = ms => (ms && day(new Date(ms)) === today() ? clock(ms) : time(ms))
export const clock = ms => (ms ? time(ms).slice(11) : '')

const STEPS = [['year', 31536e6], ['month', 2592e6], ['day', 864e5], ['hour', 36e5], ['minute', 6e4]]
/* "3 days ago", "in 2 hours". */
export function ago(ms, now = Date.now()) {
  if (!ms) return ''
  const distance = ms - now
  const [unit, size] = STEPS.find(([, step]) => Math.abs(distance) >= step) ?? ['second', 1000]
  if (unit === 'second') return s('shell.just_now')
  return formatter(Intl.RelativeTimeFormat, { numeric: 'auto' }).format(Math.round(distance / size), unit)
}
export function bytes(n) {
  if (n < 1024) return n + ' B'
  return n < 1048576 ? (n / 1024).toFixed(0) + ' KB' : (n / 1048576).toFixed(1) + ' MB'
}
/* Any column by its name's suffix; row gives the currency. */
export function cell(name, value, row = {}) {
  if (value === null || value === undefined) return ''
  if (name.endsWith('_minor')) return money(value, row.currency)
  if (name.endsWith('_bp')) return rate(value)
  if (name.endsWith('_at')) return time(value)
  if (name.endsWith('_qty')) return quantity(value)
  return typeof value === 'number' ? number(value) : String(value)
}
