import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toCsv } from '../src/lib/csv.js'

const columns = [{ label: 'Name', csv: row => row.name }, { label: 'Amount', csv: row => row.amount }]

test('begins with the mark of UTF-8 and ends its lines as RFC 4180 wants', () => {
  assert.equal(toCsv(columns, [{ name: '李明朗', amount: 12.5 }]), '\ufeffName,Amount\r\n李明朗,12.5\r\n')
})

test('quotes what holds commas, quotes and line ends', () => {
  assert.match(toCsv(columns, [{ name: 'a,"b"\nc', amount: null }]), /"a,""b""\nc",\r\n$/)
})

test('no cell is a formula', () => {
  for (const name of ['=1+1', '+49', '-x', '@SUM(A1)', '\t=1', ' =1', '\r=1']) {
    const line = toCsv(columns, [{ name, amount: -3 }]).split('\r\n').slice(1).join('\r\n')
    assert.match(line, /^"?'/, JSON.stringify(name))
  }
})

test('numbers stay numbers, negative ones too', () => {
  assert.match(toCsv(columns, [{ name: '-12.50', amount: -3 }]), /\r\n-12\.50,-3\r\n$/)
})
