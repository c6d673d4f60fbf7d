import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut } from '../src/lib/batches.js'

const rows = (n, values = {}) => Array.from({ length: n }, (_, i) => ({ id: String(i), open_opportunities: 0, reminders: 0, tasks: 0, ...values }))

test('forty customers go at once', () => {
  assert.deepEqual(cut(rows(40, { open_opportunities: 3 })).map(part => part.length), [40])
})

test('nothing gives no part', () => assert.deepEqual(cut([]), []))

test('opportunities count as far as they go along', () => {
  const many = rows(1500, { open_opportunities: 1 })
  assert.deepEqual(cut(many).map(part => part.length), [500, 500, 500])
  assert.deepEqual(cut(many, { withOpportunities: false }).map(part => part.length), [1000, 500])
})

test('reminders and tasks count too', () => {
  const busy = rows(100, { reminders: 60, tasks: 40 })
  assert.deepEqual(cut(busy).map(part => part.length), [39, 39, 22])
  assert.deepEqual(cut(busy, { withFollowUps: false }).map(part => part.length), [100])
})

test('one that is too large alone stands alone: the station says so', () => {
  assert.deepEqual(cut([...rows(1), { id: 'x', open_opportunities: 5000 }, ...rows(1)]), [['0'], ['x'], ['0']])
})

test('every row is in one part, in order', () => {
  const mixed = rows(3000).map((row, i) => ({ ...row, open_opportunities: i % 7 }))
  assert.deepEqual(cut(mixed).flat(), mixed.map(({ id }) => id))
})
