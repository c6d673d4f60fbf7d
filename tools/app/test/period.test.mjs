import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PERIODS, daysOf, daysOfMonth } from '../src/lib/period.js'

const january = new Date(2027, 0, 31, 23, 59)

test('periods across the turn of the year', () => {
  assert.deepEqual(daysOf('year', {}, january), { from: '2027-01-01', to: '2027-12-31' })
  assert.deepEqual(daysOf('last_year', {}, january), { from: '2026-01-01', to: '2026-12-31' })
  assert.deepEqual(daysOf('quarter', {}, january), { from: '2027-01-01', to: '2027-03-31' })
  assert.deepEqual(daysOf('last_quarter', {}, january), { from: '2026-10-01', to: '2026-12-31' })
  assert.deepEqual(daysOf('month', {}, january), { from: '2027-01-01', to: '2027-01-31' })
  assert.deepEqual(daysOf('last_month', {}, january), { from: '2026-12-01', to: '2026-12-31' })
})

test('leap years end in time', () => {
  assert.equal(daysOf('month', {}, new Date(2028, 1, 3)).to, '2028-02-29')
})

test('all time and unknown periods have no days; own ones only dates', () => {
  assert.deepEqual(daysOf('all', { from: '2027-01-01' }), { from: '', to: '' })
  assert.deepEqual(daysOf('constructor'), { from: '', to: '' })
  assert.deepEqual(daysOf('own', { from: '2027-01-01', to: 'x' }), { from: '2027-01-01', to: '' })
  assert.equal(new Set(PERIODS).size, PERIODS.length)
})

test('a month is cut by the period around it', () => {
  assert.deepEqual(daysOfMonth('2027-02'), { from: '2027-02-01', to: '2027-02-28' })
  assert.deepEqual(daysOfMonth('2027-02', { from: '2027-02-10', to: '2027-06-30' }), { from: '2027-02-10', to: '2027-02-28' })
  assert.deepEqual(daysOfMonth('2027-02', { to: '2027-02-03' }), { from: '2027-02-01', to: '2027-02-03' })
})
