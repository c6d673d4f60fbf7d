/* Amounts as people write them: 12.5, 12,500, ¥ 1.2万, 3亿, 40k. */
const DIGITS = { JPY: 0, KRW: 0, VND: 0 }
const UNITS = { 百: 2n, 千: 3n, k: 3n, 万: 4n, 萬: 4n, 十万: 5n, 百万: 6n, m: 6n, 千万: 7n, 亿: 8n, 億: 8n }
const LIMIT = 9007199254740991n // what a page's number holds exactly

export const minorDigits = currency => DIGITS[currency] ?? 2

/* Minor units, null for nothing written, undefined for what is no amount. Exact: no floating point on the way. */
export function readAmount(text, currency = 'CNY') {
  const plain = String(text ?? '').normalize('NFKC').replace(/[\s,_'’，]/g, '').replace(/^(?:[A-Z]{3}|[¥$€£])(?=[\d.])/i, '').replace(/[元块]$/, '').toLowerCase()
  if (!plain) return null
  const match = plain.match(/^(\d*)(?:\.(\d*))?(十万|百万|千万|[百千万萬亿億km])?$/)
  if (!match || !(match[1] || match[2])) return undefined
  const [, whole, fraction = '', unit] = match
  const shift = Number((UNITS[unit] ?? 0n) + BigInt(minorDigits(currency)))
  const digits = fraction.padEnd(shift, '0')
  const amount = BigInt((whole || '0') + digits.slice(0, shift)) + (digits[shift] >= '5' ? 1n : 0n)
  return amount > LIMIT ? undefined : Number(amount)
}

/* What stands in the field: plain digits with the decimals that matter. */
export function writeAmount(minor, currency = 'CNY') {
  if (minor === null || minor === undefined || minor === '') return ''
  const digits = minorDigits(currency)
  const text = String(minor).padStart(digits + 1, '0')
  if (!digits) return text
  const fraction = text.slice(-digits)
  return text.slice(0, -digits) + (/^0+$/.test(fraction) ? '' : '.' + fraction)
}
