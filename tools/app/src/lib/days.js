/* Days and times that people choose without a calendar: tomorrow at nine, the end of the month. */
const MORNING = 9
const EVENING = 18
const HOUR_MS = 3600000

const two = n => String(n).padStart(2, '0')
export const dayText = date => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
const shifted = (now, days, hour = 0) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour)
const toMonday = now => 7 - ((now.getDay() + 6) % 7)

/* 'YYYY-MM-DD' of a preset. */
export function presetDay(preset, now = new Date()) {
  const quarter = Math.floor(now.getMonth() / 3) * 3
  switch (preset) {
    case 'today': return dayText(now)
    case 'tomorrow': return dayText(shifted(now, 1))
    case 'week': return dayText(shifted(now, 7))
    case 'next_week': return dayText(shifted(now, toMonday(now)))
    case 'fortnight': return dayText(shifted(now, 14))
    case 'month': return dayText(shifted(now, 30))
    case 'month_end': return dayText(new Date(now.getFullYear(), now.getMonth() + 1, 0))
    case 'quarter_end': return dayText(new Date(now.getFullYear(), quarter + 3, 0))
    case 'year_end': return dayText(new Date(now.getFullYear(), 12, 0))
  }
  throw new RangeError('no such preset: ' + preset)
}

/* Milliseconds of a preset. The evening that is over, or nearly, is in an hour. */
export function presetTime(preset, now = new Date()) {
  switch (preset) {
    case 'hour': return now.getTime() + HOUR_MS
    case 'evening': {
      const evening = shifted(now, 0, EVENING).getTime()
      return evening > now.getTime() ? evening : now.getTime() + HOUR_MS
    }
    case 'tomorrow': return shifted(now, 1, MORNING).getTime()
    case 'three_days': return shifted(now, 3, MORNING).getTime()
    case 'next_week': return shifted(now, toMonday(now), MORNING).getTime()
    case 'week': return shifted(now, 7, MORNING).getTime()
    case 'month': return shifted(now, 30, MORNING).getTime()
  }
  throw new RangeError('no such preset: ' + preset)
}

/* Between milliseconds and what <input type=datetime-local> holds. */
export function localText(ms) {
  if (ms === null || ms === undefined || ms === '') return ''
  const date = new Date(ms)
  return `${dayText(date)}T${two(date.getHours())}:${two(date.getMinutes())}`
}
export function localTime(text) {
  const ms = text ? new Date(text).getTime() : NaN
  return Number.isNaN(ms) ? null : ms
}
