/* A moment as one says it: 14:30, tomorrow 09:00, Wed 09:00, 2026-12-24 09:00. */
import { locale, s } from '../words/index.js'
import { clock, day, time } from './index.js'

const DAY_MS = 86400000
const midnight = date => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
/* Whole days from today: a day of 23 or 25 hours is one, too. */
const daysAway = (ms, now) => Math.round((midnight(new Date(ms)) - midnight(new Date(now))) / DAY_MS)

function weekday(date, style) {
  return new Intl.DateTimeFormat(locale.value === 'en' ? 'en-GB' : 'zh-CN', { weekday: style }).format(date)
}
export function when(ms, now = Date.now()) {
  if (!ms) return ''
  const days = daysAway(ms, now)
  if (days === 0) return s('day.today') + ' ' + clock(ms)
  if (days === 1) return s('day.tomorrow') + ' ' + clock(ms)
  if (days === -1) return s('day.yesterday') + ' ' + clock(ms)
  if (days > 1 && days < 7) return weekday(new Date(ms), 'short') + ' ' + clock(ms)
  return time(ms)
}
/* A day's heading: "Monday, 23 November", 11月23日 星期一. */
export function dayTitle(date = new Date()) {
  const options = { month: 'long', day: 'numeric', weekday: 'long' }
  return new Intl.DateTimeFormat(locale.value === 'en' ? 'en-GB' : 'zh-CN', options).format(date)
}
export const dayOf = ms => day(new Date(ms))
