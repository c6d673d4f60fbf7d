/* Where a record of the inbox is shown. */
const PLACES = { customer: 'customer', opportunity: 'opportunity' }
export const recordPlace = (subject, id) => (subject in PLACES && id ? { name: PLACES[subject], params: { id } } : null)

/* Work that was not taken can be tried again where there is a form for it, with what was written. */
const FORMS = {
  'opportunity.register': ['new-opportunity', { name: 'name', customer_id: 'customer', amount_minor: 'amount', expected_close_on: 'expected_close_on' }],
  'customer.register': ['new-customer', { name: 'name', phone: 'phone' }],
  'interaction.log': ['new-interaction', { customer_id: 'customer', opportunity_id: 'opportunity', kind: 'kind', summary: 'summary' }],
  'task.add': ['new-task', { title: 'title', customer_id: 'customer', opportunity_id: 'opportunity' }],
  'reminder.set': ['new-reminder', { title: 'title', customer_id: 'customer', opportunity_id: 'opportunity' }]
}
/* {name, query}, or null. `has`: whether the router knows a page. */
export function formPlace(entry, has) {
  const [name, fields] = FORMS[entry.command] ?? []
  if (!name || !has(name)) return null
  const query = {}
  for (const cell of entry.changes[0]?.cells ?? []) {
    if (cell.column in fields && cell.value !== null) query[fields[cell.column]] = String(cell.value)
  }
  return { name, query }
}
