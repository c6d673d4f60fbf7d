import assert from 'node:assert/strict'
import test from 'node:test'
import { readAmount, writeAmount } from '../src/lib/amount.js'

test('amounts are read as people write them', () => {
  const written = [
    ['12.5', 1250], ['12,500', 1250000], ['1.2万', 1200000], ['１．２万', 1200000], ['3千', 300000], ['1.5亿', 15000000000], ['2百万', 200000000],
    ['40k', 4000000], ['1.25M', 125000000], ['¥ 88', 8800], ['￥88', 8800], ['$1,000.00', 100000], ['USD 7', 700], ['88元', 8800], ['.5', 50], ['5.', 500],
    ['0', 0], ['0.005', 1], ['0.004', 0], ['1.23456万', 1234560]
  ]
  for (const [text, minor] of written) assert.equal(readAmount(text, 'CNY'), minor, text)
})

test('nothing written is no amount, and nonsense is neither', () => {
  for (const text of ['', '  ', null, undefined]) assert.equal(readAmount(text), null)
  for (const text of ['abc', '1.2.3', '-5', '1万万', '万', '.', '12e3', '99999999999999999999']) assert.equal(readAmount(text), undefined, text)
})

test('a currency without cents', () => {
  assert.equal(readAmount('1,200', 'JPY'), 1200)
  assert.equal(writeAmount(1200, 'JPY'), '1200')
})

test('what is written again reads the same', () => {
  for (const minor of [0, 1, 10, 99, 100, 1250, 1250000, 999999999999999]) assert.equal(readAmount(writeAmount(minor)), minor)
  assert.equal(writeAmount(1250), '12.50')
  assert.equal(writeAmount(null), '')
})
