/* The card of a customer as forms hold it, and the arguments of customer.register and customer.edit made from it. */
export const CUSTOMER_TEXTS = [
  'name', 'code', 'phone', 'email', 'website', 'tax_number', 'country', 'province', 'city', 'district', 'address', 'remark'
]
const CHOSEN = ['level', 'type', 'industry', 'source']
const NUMBERS = ['established_year', 'employees']

export function emptyCustomer() {
  const result = { kind: 'company', revenue: null, parent: null }
  for (const field of CUSTOMER_TEXTS) result[field] = ''
  for (const field of [...CHOSEN, ...NUMBERS]) result[field] = null
  return result
}
export function customerDraft(row) {
  const result = { kind: row.kind, revenue: row.revenue_minor, parent: row.parent_id }
  for (const field of CUSTOMER_TEXTS) result[field] = row[field] ?? ''
  for (const field of [...CHOSEN, ...NUMBERS]) result[field] = row[field] ?? null
  return result
}

function plain(draft) {
  const result = { kind: draft.kind, revenue: draft.revenue ?? null, parent: draft.parent ?? null }
  for (const field of CUSTOMER_TEXTS) result[field] = draft[field]?.trim() || null
  for (const field of CHOSEN) result[field] = draft[field] || null
  for (const field of NUMBERS) result[field] = draft[field] === null || draft[field] === '' ? null : Number(draft[field])
  return result
}
export function customerArguments(draft) {
  return Object.fromEntries(Object.entries(plain(draft)).filter(([, value]) => value !== null))
}

/* Only what differs: what a colleague changed meanwhile stays his. null: nothing differs. */
export function customerChanges(row, draft) {
  const before = plain(customerDraft(row))
  const after = plain(draft)
  const changed = Object.keys(after).filter(field => after[field] !== before[field])
  if (!changed.length) return null
  const result = Object.fromEntries(changed.filter(field => after[field] !== null).map(field => [field, after[field]]))
  const clear = changed.filter(field => after[field] === null && field !== 'name')
  if (clear.length) result.clear = clear
  return result
}
