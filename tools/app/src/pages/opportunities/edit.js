/* What opportunity.edit is told: only what was changed; what was emptied goes to `clear`. */
const FIELDS = {
  name: 'name', customer: 'customer_id', amount: 'amount_minor', expected_close_on: 'expected_close_on', product: 'product_id', contact: 'contact_id',
  source: 'source', competitor: 'competitor', forecast: 'forecast', next_step: 'next_step', need: 'need'
}

export const draftOf = row => Object.fromEntries(Object.entries(FIELDS).map(([name, from]) => [name, row[from] ?? null]))

const plain = value => (typeof value === 'string' ? value.trim() || null : (value ?? null))

export function changesOf(row, draft) {
  const args = {}
  const clear = []
  for (const [name, from] of Object.entries(FIELDS)) {
    const before = plain(row[from])
    const now = plain(draft[name])
    if (before === now) continue
    if (now === null) clear.push(name)
    else args[name] = now
  }
  if (clear.length) args.clear = clear
  return args
}
