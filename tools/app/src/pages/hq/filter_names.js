/* Filters of opportunity.list in words: "Won", "closed from 2017-03-01", "Melvin Marxen's people". */
import { computed } from 'vue'
import { useAsk } from '../../lib/ask.js'
import { both, column, s, value } from '../../words/index.js'

const PEOPLE = ['owner', 'manager', 'reports_to', 'member']

export function useFilterNames(filters) {
  const wants = (...names) => names.some(name => filters.value[name])
  const people = useAsk('person.list', () => (wants(...PEOPLE) ? { all: true } : null))
  const branches = useAsk('branch.list', () => (wants('branch') ? {} : null))
  const stages = useAsk('stage.list', () => (wants('stage') ? {} : null))
  const pipelines = useAsk('pipeline.list', () => (wants('pipeline') ? {} : null))
  const products = useAsk('product.list', () => (wants('product') ? {} : null))
  const customer = useAsk('customer.show', () => (wants('customer') ? { customer: filters.value.customer } : null))
  const items = useAsk('list.items', () => (wants('source', 'lost_reason') ? {} : null))

  const named = (rows, id) => rows.value.find(row => row.id === id)?.name ?? ''
  const listed = (list, code) => both(items.rows.value.find(row => row.list === list && row.code === code), 'name')
  const WORDS = {
    state: code => value('state', code),
    stage: code => both(stages.rows.value.find(row => row.code === code && (!filters.value.pipeline || !row.pipeline_code || row.pipeline_code === filters.value.pipeline)), 'name'),
    pipeline: code => { const row = pipelines.rows.value.find(one => one.code === code); return row?.name ?? both(row, 'name') },
    owner: id => named(people.rows, id),
    manager: id => s('hq.below', { name: named(people.rows, id) }),
    reports_to: id => s('hq.below', { name: named(people.rows, id) }),
    member: id => named(people.rows, id),
    unmanaged: () => s('hq.no_manager'),
    branch: id => named(branches.rows, id),
    product: id => named(products.rows, id),
    customer: () => customer.rows.value[0]?.name ?? '',
    source: code => listed('customer_source', code) || value('source', code),
    lost_reason: code => listed('lost_reason', code),
    forecast: code => value('forecast', code),
    month: month => month,
    overdue: () => s('hq.overdue')
  }
  /* Two ends of a period are one chip. */
  const spans = { opened: 'hq.opened_in', closed: 'hq.closed_in', expected: 'hq.expected_in' }
  const chips = computed(() => {
    const result = []
    for (const [name, code] of Object.entries(filters.value)) if (WORDS[name] && !(name === 'pipeline' && filters.value.stage)) result.push(WORDS[name](code))
    for (const [kind, word] of Object.entries(spans)) {
      const from = filters.value[kind + '_from'] ?? ''
      const to = filters.value[kind + '_to'] ?? ''
      if (from || to) result.push(s(word, { span: [from, to].filter((day, i, both) => !i || day !== both[0]).join(' – ') }))
    }
    return result.filter(Boolean)
  })
  return { chips }
}
