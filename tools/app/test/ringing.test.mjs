import assert from 'node:assert/strict'
import test from 'node:test'
import { takeRinging, unseen, putAway } from '../src/lib/ringing.js'

function storage() {
  const map = new Map()
  return { getItem: key => map.get(key) ?? null, setItem: (key, value) => map.set(key, value) }
}
const row = (id, at) => ({ id, rings_at: at })

test('a reminder rings once for its time, and again after a snooze', () => {
  const kept = storage()
  assert.deepEqual(takeRinging(kept, 'k', [row('a', 10), row('b', 20)]).map(one => one.id), ['a', 'b'])
  assert.deepEqual(takeRinging(kept, 'k', [row('a', 10), row('b', 20)]), [])
  assert.deepEqual(takeRinging(kept, 'k', [row('a', 99)]).map(one => one.id), ['a'])
})

test('what somebody else kept under the key does no harm', () => {
  const kept = storage()
  kept.setItem('k', '{"a@10')
  assert.equal(takeRinging(kept, 'k', [row('a', 10)]).length, 1)
  kept.setItem('k', 'null')
  assert.equal(takeRinging(kept, 'k', [row('a', 10)]).length, 1)
})

test('old marks go, those of reminders that still ring stay', () => {
  const kept = storage()
  const day = 86400000
  takeRinging(kept, 'k', [row('old', 1), row('still', 2)], 0)
  takeRinging(kept, 'k', [row('still', 2), row('new', 3)], 40 * day)
  assert.deepEqual(Object.keys(JSON.parse(kept.getItem('k'))).sort(), ['new@3', 'still@2'])
})

test('a banner that was put away comes back after a snooze', () => {
  const kept = storage()
  putAway(kept, 'k', [row('a', 10)])
  assert.deepEqual(unseen(kept, 'k', [row('a', 10), row('b', 10)]).map(one => one.id), ['b'])
  assert.deepEqual(unseen(kept, 'k', [row('a', 70)]).map(one => one.id), ['a'])
})
