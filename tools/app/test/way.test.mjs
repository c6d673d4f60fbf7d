import assert from 'node:assert/strict'
import test from 'node:test'
import { wayTo, addressLine } from '../src/lib/way.js'

test('the way to a known position, with its address as the label', () => {
  assert.equal(wayTo({ latitude_e6: 22543100, longitude_e6: -114057900, address: '深南大道 1 号' }), 'geo:22.543100,-114.057900?q=' + encodeURIComponent('22.543100,-114.057900(深南大道 1 号)'))
  assert.equal(wayTo({ latitude_e6: -5, longitude_e6: 0 }), 'geo:-0.000005,0.000000?q=-0.000005%2C0.000000')
})
test('an address alone is looked for; nothing is nowhere', () => {
  assert.equal(wayTo({ address: 'A & B?' }), 'geo:0,0?q=A%20%26%20B%3F')
  assert.equal(wayTo({}), '')
  assert.equal(wayTo(null), '')
})
test('an address in the order of its language', () => {
  const row = { country: '中国', city: '深圳', line: '深南大道 1 号' }
  assert.equal(addressLine(row, true), '中国 深圳 深南大道 1 号')
  assert.equal(addressLine(row, false), '深南大道 1 号, 深圳, 中国')
})
