import assert from 'node:assert/strict'
import test from 'node:test'
import { customerArguments, customerChanges, customerDraft, emptyCustomer } from '../src/lib/customer.js'
import { emptyInteraction, interactionArguments } from '../src/lib/interaction.js'

const row = { kind: 'company', name: 'Acme', phone: '1', city: 'Rome', level: 'a', revenue_minor: 100, parent_id: null, employees: 5 }

test('a new customer is what was filled in', () => {
  assert.deepEqual(customerArguments({ ...emptyCustomer(), name: ' Acme ', phone: '  ', employees: 5 }), { kind: 'company', name: 'Acme', employees: 5 })
})

test('an edit sends what differs, and nothing else', () => {
  assert.equal(customerChanges(row, customerDraft(row)), null)
  assert.deepEqual(customerChanges(row, { ...customerDraft(row), phone: '2', city: ' ', revenue: null }), { phone: '2', clear: ['revenue', 'city'] })
  assert.deepEqual(customerChanges(row, { ...customerDraft(row), employees: '' }), { clear: ['employees'] })
  assert.equal(customerChanges(row, { ...customerDraft(row), name: ' ' }) !== null && 'name' in customerChanges(row, { ...customerDraft(row), name: ' ' }), false)
})

test('an interaction: positions belong to visits, outcomes not to notes, the next title to a next date', () => {
  const position = { latitude_e6: 1, longitude_e6: 2, accuracy_m: 3 }
  const visit = interactionArguments({ ...emptyInteraction({ customer: 'c', kind: 'visit' }), position, outcome: 'reached', next_title: 'x' })
  assert.equal(visit.latitude_e6, 1)
  assert.equal(visit.outcome, 'reached')
  assert.equal('next_title' in visit, false)
  const note = interactionArguments({ ...emptyInteraction({ customer: 'c', kind: 'note' }), position, outcome: 'reached', summary: ' ' })
  assert.equal('latitude_e6' in note, false)
  assert.equal(note.outcome, undefined)
  assert.equal(note.summary, undefined)
})
