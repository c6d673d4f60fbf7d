import assert from 'node:assert/strict'
import test from 'node:test'
import { fromQuery, toQuery, toArgs, countSet } from '../src/pages/opportunities/filters.js'
import { draftOf, changesOf } from '../src/pages/opportunities/edit.js'
import { withDurations } from '../src/pages/opportunities/history.js'
import { figures, rowsBehind } from '../src/pages/me/metrics.js'

test('filters and addresses are each other’s mirror', () => {
  assert.deepEqual(toQuery(fromQuery({})), {})
  const query = { state: 'won', by: 'closed', from: '2026-01-01', to: '2026-03-31', owner: 'u1', order: 'amount', overdue: 'yes', view: 'board', text: 'Acme' }
  assert.deepEqual(toQuery(fromQuery(query)), query)
})

test('an address that makes no sense does no harm', () => {
  const filters = fromQuery({ state: 'no such', order: ['amount', 'name'], from: '2026', by: 'moon', overdue: '1' })
  assert.equal(filters.state, 'open')
  assert.equal(filters.order, 'amount')
  assert.equal(filters.from, '')
  assert.equal(filters.by, '')
  assert.equal(filters.overdue, false)
})

test('what is asked of the station', () => {
  assert.deepEqual(toArgs(fromQuery({})), { state: 'open' })
  assert.deepEqual(toArgs(fromQuery({ state: 'all', text: ' x ' })), { text: 'x' })
  assert.deepEqual(toArgs(fromQuery({ state: 'lost', by: 'closed', from: '2026-01-01', to: '2026-12-31', lost_reason: 'price' })), { state: 'lost', lost_reason: 'price', closed_from: '2026-01-01', closed_to: '2026-12-31' })
  assert.deepEqual(toArgs(fromQuery({ from: '2026-01-01' })), { state: 'open' }) // of what, nobody said
  assert.equal(countSet(fromQuery({ text: 'x', view: 'board' })), 0)
  assert.equal(countSet(fromQuery({ state: 'won', by: 'closed', from: '2026-01-01', to: '2026-12-31' })), 2)
})

const row = { name: 'Deal', customer_id: 'c', amount_minor: 100, expected_close_on: null, product_id: 'p', contact_id: 'k', source: 'import', competitor: null, forecast: null, next_step: 'Call', need: null }

test('only what was changed is sent', () => {
  assert.deepEqual(changesOf(row, draftOf(row)), {})
  assert.deepEqual(changesOf(row, { ...draftOf(row), name: ' Deal ', competitor: '  ' }), {})
  assert.deepEqual(changesOf(row, { ...draftOf(row), amount: 250, next_step: '', contact: null, need: 'More' }), { amount: 250, need: 'More', clear: ['contact', 'next_step'] })
})

test('how long it stood in each stage', () => {
  const steps = [{ occurred_on: '2026-01-01' }, { occurred_on: '2026-01-11' }, { occurred_on: '2026-03-01' }]
  assert.deepEqual(withDurations(steps, { open: true, today: '2026-03-05' }).map(({ days, now }) => [days, now]), [[4, true], [49, false], [10, false]])
  assert.equal(withDurations(steps, { open: false, today: '2026-03-05' })[0].days, null)
  assert.deepEqual(withDurations([{ occurred_on: null }, { occurred_on: '2026-01-11' }], { open: false, today: '2026-03-05' }).map(({ days }) => days), [null, null])
})

const brief = [
  { metric: 'won_amount', value_minor: 500, previous_minor: 400, change_bp: 2500, previous_year_minor: 0, change_year_bp: null, currency: 'CNY' },
  { metric: 'lost', value: 2, previous: 1, change_bp: 10000, previous_year: 2, change_year_bp: 0 },
  { metric: 'win_rate', value_bp: 5000, previous_bp: null, change_bp: null, previous_year_bp: 6000, change_year_bp: -1000 },
  { metric: 'open', value: 7 }
]

test('figures are compared, as far as there is something to compare with', () => {
  const [won, rate, open, lost] = figures(brief)
  assert.deepEqual([won.unit, won.value, won.previous, won.year], ['minor', 500, { way: 'up', by: 2500, before: 400 }, { way: 'up', by: null, before: 0 }])
  assert.deepEqual([rate.unit, rate.previous, rate.year], ['bp', null, { way: 'down', by: -1000, before: 6000 }])
  assert.deepEqual([open.now, open.previous, open.year], [true, null, null])
  assert.deepEqual([lost.better, lost.previous.way, lost.year.way], ['down', 'up', 'same'])
})

test('every figure leads to its rows', () => {
  const span = { from_on: '2026-11-01', to_on: '2026-11-30' }
  for (const metric of ['won_amount', 'won', 'lost', 'win_rate', 'new_opportunities', 'open', 'open_amount', 'weighted_amount', 'new_customers', 'visits', 'interactions']) {
    assert.ok(rowsBehind(metric, span, 'u').name, metric)
  }
  assert.deepEqual(rowsBehind('won', span, 'u').query, { state: 'won', by: 'closed', from: '2026-11-01', to: '2026-11-30', owner: 'u' })
  assert.equal(rowsBehind('no such', span, 'u'), null)
})
