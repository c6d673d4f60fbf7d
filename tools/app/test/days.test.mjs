import assert from 'node:assert/strict'
import test from 'node:test'
import { presetDay, presetTime, localText, localTime } from '../src/lib/days.js'

const monday = new Date(2026, 10, 23, 17, 30)
const sunday = new Date(2026, 10, 29, 20, 15)

test('days by name', () => {
  assert.equal(presetDay('today', monday), '2026-11-23')
  assert.equal(presetDay('tomorrow', sunday), '2026-11-30')
  assert.equal(presetDay('next_week', monday), '2026-11-30')
  assert.equal(presetDay('next_week', sunday), '2026-11-30')
  assert.equal(presetDay('month_end', monday), '2026-11-30')
  assert.equal(presetDay('quarter_end', monday), '2026-12-31')
  assert.equal(presetDay('year_end', monday), '2026-12-31')
  assert.equal(presetDay('month_end', new Date(2028, 1, 1)), '2028-02-29')
  assert.throws(() => presetDay('whenever', monday), RangeError)
})

test('moments by name', () => {
  assert.equal(localText(presetTime('evening', monday)), '2026-11-23T18:00')
  assert.equal(localText(presetTime('evening', sunday)), '2026-11-29T21:15')
  assert.equal(localText(presetTime('tomorrow', monday)), '2026-11-24T09:00')
  assert.equal(localText(presetTime('next_week', sunday)), '2026-11-30T09:00')
  assert.equal(localText(presetTime('hour', monday)), '2026-11-23T18:30')
})

test('between the field and the moment', () => {
  assert.equal(localText(localTime('2026-02-28T07:05')), '2026-02-28T07:05')
  assert.equal(localTime(''), null)
  assert.equal(localTime('soon'), null)
  assert.equal(localText(null), '')
})
