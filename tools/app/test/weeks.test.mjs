import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byWeek, monday } from '../src/lib/weeks.js'

test('a week begins on its Monday, also across years', () => {
  assert.equal(monday(new Date(2027, 0, 1, 0, 1)), '2026-12-28')
  assert.equal(monday(new Date(2027, 0, 3, 23, 59)), '2026-12-28')
  assert.equal(monday(new Date(2027, 0, 4, 0, 0)), '2027-01-04')
})

test('twelve weeks, the last one now; what is older is left out, open ones are counted', () => {
  const now = +new Date(2027, 0, 6)
  const weeks = byWeek([{ loser_at: now, settled_at: null }, { loser_at: now, settled_at: 1 }, { loser_at: now - 400 * 864e5 }], [{ made_at: now - 7 * 864e5, settled_at: null }], now)
  assert.equal(weeks.length, 12)
  assert.equal(new Set(weeks.map(({ week }) => week)).size, 12)
  assert.deepEqual(weeks.at(-1), { week: '2027-01-04', conflicts: 2, refusals: 0, open: 1 })
  assert.deepEqual(weeks.at(-2), { week: '2026-12-28', conflicts: 0, refusals: 1, open: 1 })
  assert.equal(weeks.reduce((sum, row) => sum + row.conflicts, 0), 2)
})
