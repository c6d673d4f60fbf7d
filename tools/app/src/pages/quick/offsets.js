/* How long before it is due a reminder rings. */
import { s } from '../../words/index.js'

export const OFFSETS = [0, 5, 15, 30, 60, 120, 1440, 2880, 10080]
const HOUR = 60
const DAY = 1440

export function offsetName(minutes) {
  if (!minutes) return s('offset.at_time')
  if (minutes % DAY === 0) return s('offset.days', { n: minutes / DAY })
  return minutes % HOUR === 0 ? s('offset.hours', { n: minutes / HOUR }) : s('offset.minutes', { n: minutes })
}
