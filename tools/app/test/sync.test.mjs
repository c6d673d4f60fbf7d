import assert from 'node:assert/strict'
import test from 'node:test'
import { standing } from '../src/lib/standing.js'
import { makeEstimate, coarse } from '../src/lib/estimate.js'
import { byRecord, sides } from '../src/pages/sync/conflicts.js'
import { formPlace, recordPlace } from '../src/pages/sync/places.js'

test('how the station stands: the worst that is true', () => {
  const at = (status, more) => standing({ status, ...more }).is
  assert.equal(at({}, {}), 'never')
  assert.equal(at({ last_sync_at: 5, waiting: 0, online: true }), 'synced')
  assert.equal(at({ last_sync_at: 5, waiting: 2, online: true }), 'waiting')
  assert.equal(at({ last_sync_at: 5, waiting: 2, offline_since: 4 }), 'offline')
  assert.equal(at({ last_sync_at: 5, waiting: 2, offline_since: 4 }, { syncing: true }), 'syncing')
  assert.equal(at({ revoked: true }, { syncing: true }), 'revoked')
  assert.equal(at({ revoked: true }, { away: true }), 'away')
  assert.deepEqual(standing({ status: { waiting: 3, offline_since: 4 } }), { is: 'offline', since: 4, waiting: 3 })
})

test('a failed attempt is offline until one succeeds', () => {
  assert.equal(standing({ status: { last_sync_at: 5, last_error: 'transport.timeout', last_error_at: 9 } }).is, 'offline')
  assert.equal(standing({ status: { last_sync_at: 10, last_error: 'transport.timeout', last_error_at: 9 } }).is, 'synced')
  assert.equal(standing({ status: { last_sync_at: 5, last_error: 'x', last_error_at: 9, online: true } }).is, 'synced')
})

test('nothing is said about the time left before it is known', () => {
  const estimate = makeEstimate()
  assert.equal(estimate.seconds(0), null)
  estimate.take({ rows: 0, rows_left: 1000 }, 0)
  assert.equal(estimate.seconds(0), null)
  estimate.take({ rows: 100, rows_left: 900 }, 1000)
  assert.equal(estimate.seconds(1000), null) // too early
  estimate.take({ rows: 300, rows_left: 700 }, 3000)
  assert.equal(estimate.seconds(3000), 7) // 100 rows a second
  assert.equal(estimate.seconds(5000), 5)
  assert.equal(estimate.part(), 0.3)
  estimate.take({ rows: 400, rows_left: 0 }, 4000)
  assert.equal(estimate.seconds(4000), null)
  assert.equal(estimate.part(), null)
})

test('a jump in speed is smoothed, a new sync begins anew', () => {
  const estimate = makeEstimate()
  estimate.take({ rows: 0, rows_left: 5000 }, 0)
  estimate.take({ rows: 200, rows_left: 4800 }, 2000)
  estimate.take({ rows: 1200, rows_left: 3800 }, 3000)
  const smoothed = estimate.seconds(3000) // between 3.8 s and 38 s
  assert.ok(smoothed > 4 && smoothed < 38, String(smoothed))
  estimate.take({ rows: 5, rows_left: 100 }, 9000)
  assert.equal(estimate.seconds(9000), null)
})

test('the time left is told coarsely', () => {
  assert.deepEqual(coarse(3), ['soon', 0])
  assert.deepEqual(coarse(31), ['seconds', 40])
  assert.deepEqual(coarse(90), ['minutes', 2])
})

const conflict = values => ({ table_number: 30, subject_id: 'r', subject: 'customer', row_label: 'Acme', winner: 'Ann', winner_user_id: 'a', winner_text: '1', winner_at: 2, loser: 'Bob', loser_user_id: 'b', loser_text: '2', loser_at: 1, ...values })

test('conflicts of one record stand together', () => {
  const groups = byRecord([conflict({ id: 1 }), conflict({ id: 2, subject_id: 's' }), conflict({ id: 3 }), conflict({ id: 4, table_number: 42 })])
  assert.deepEqual(groups.map(group => group.conflicts.map(({ id }) => id)), [[1, 3], [2], [4]])
})

test('which side is mine', () => {
  assert.equal(sides(conflict(), 'a').mine, 'winner')
  assert.equal(sides(conflict(), 'b').mine, 'loser')
  assert.equal(sides(conflict(), 'c').mine, '')
  assert.equal(sides(conflict({ loser_user_id: 'a' }), 'a').mine, 'loser')
  assert.deepEqual(sides(conflict(), 'b').loser, { who: 'Bob', text: '2', at: 1, device: undefined, mine: true })
})

test('refused work is tried again where there is a form for it', () => {
  const entry = { command: 'task.add', changes: [{ cells: [{ column: 'title', value: 'Call' }, { column: 'customer_id', value: 'c1' }, { column: 'detail', value: 'x' }, { column: 'opportunity_id', value: null }] }] }
  assert.deepEqual(formPlace(entry, () => true), { name: 'new-task', query: { title: 'Call', customer: 'c1' } })
  assert.equal(formPlace(entry, () => false), null)
  assert.equal(formPlace({ command: 'customer.assign', changes: [] }, () => true), null)
  assert.deepEqual(recordPlace('customer', 'c1'), { name: 'customer', params: { id: 'c1' } })
  assert.equal(recordPlace('refusal', 'c1'), null)
})
