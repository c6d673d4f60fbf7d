/*
 * Values of single facts as people read them: those of changes (raw, with ids) and those of kept conflicts (texts that
 * headquarters wrote, one per group of columns).
 */
import { cell, money, time } from '../format/index.js'
import { column, s, value, isChinese } from '../words/index.js'
import { nameOf, tableOf } from './names.js'

const CODED = { source: 'source', industry: 'industry', level: 'customer_level', type: 'customer_type', lost_reason: 'lost_reason', outcome: 'interaction_outcome' }
/* Columns that say nothing to people, or say again what another one says. */
const SILENT = new Set(['id', 'pipeline_id', 'stage_entered_on', 'table_number', 'row_key', 'batch_id', 'registered_on', 'created_by', 'accuracy_m', 'latitude_e6', 'longitude_e6', 'branch_id', 'contact_by_at', 'user_id', 'currency'])
/* Rows that follow from the work by themselves. */
const FOLLOWING = new Set(['notice', 'assignment', 'opportunity_stage_event'])

const coded = (list, code, listed) => listed(list, code) || code

/* A change's value. `listed`: what a list's entry is called (lib/lists.js). */
export function cellText(name, raw, row, listed) {
  if (raw === null || raw === undefined || raw === '') return s('sync.nothing')
  if (name.endsWith('_id')) return nameOf(tableOf(name), raw) || '…'
  if (name in CODED) return coded(CODED[name], raw, listed)
  if (name === 'kind' && row.table === 'interaction') return listed('interaction_kind', raw)
  if (name === 'planned_kind') return listed('interaction_kind', raw)
  if (/^(kind|priority|access|forecast|state)$/.test(name)) return value(name, raw)
  return cell(name, raw, row)
}

/* What was to be changed: [{key, subject, label, operation, cells: [{name, label, text}]}]. */
export function shownChanges(changes, listed) {
  return changes
    .filter(({ table }) => !FOLLOWING.has(table))
    .map(({ table, key, label, operation, cells }) => {
      const currency = cells.find(one => one.column === 'currency')?.value
      return {
        key: table + key,
        table,
        id: key,
        label,
        operation,
        cells: cells
          .filter(one => !SILENT.has(one.column) && !(operation === 'insert' && (one.value === null || one.value === '' || one.value === 0)))
          .map(one => ({
            name: one.column,
            label: column(one.column),
            text: one.label ?? cellText(one.column, one.value, { table, currency }, listed),
            old: 'old' in one && operation === 'update' ? (one.old_label ?? cellText(one.column, one.old, { table, currency }, listed)) : ''
          }))
      }
    })
}

/* A group of columns is named by its first one where a single column is told. */
const GROUP_OF = { stage_id: 'stage', amount_minor: 'amount', revenue_minor: 'revenue', list_price_minor: 'price' }
const groupOf = name => GROUP_OF[name] ?? name

/* The fact that a conflict is about. */
export const factName = name => (GROUPS.has(groupOf(name)) ? s('sync.fact_' + groupOf(name)) : column(name))
const GROUPS = new Set(['stage', 'amount', 'address', 'revenue', 'place', 'recipient', 'price', 'position'])

/* "成功 Won" in the language of the page. */
function oneLanguage(text) {
  const match = text.match(/^(.*\p{Script=Han}.*?) ([\x20-\x7e]+)$/u)
  return match ? (isChinese() ? match[1] : match[2]) : text
}
const AMOUNT = /^(-?\d+\.\d\d)(?:, ([A-Z]{3}))?$/
const MOMENT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC$/

/* A conflict's value: what headquarters wrote of a cell or a group of cells. */
export function factText(cellName, text, listed) {
  const name = groupOf(cellName)
  if (!text) return s('sync.nothing')
  const moment = text.match(MOMENT)
  if (moment) return time(Date.parse(`${moment[1]}T${moment[2]}Z`))
  const amount = text.match(AMOUNT)
  if (amount && (name.endsWith('_minor') || ['amount', 'revenue', 'price'].includes(name))) return money(Math.round(Number(amount[1]) * 100), amount[2])
  if (name in CODED) return coded(CODED[name], text, listed)
  if (/^(priority|access|forecast|state|kind)$/.test(name)) return value(name, text)
  if (name === 'stage') return stageText(text, listed)
  return text
}
/* "失败 Lost, price, 2026-11-23, 2026-11-23": the stage, a note and a reason if there are, the days. */
function stageText(text, listed) {
  const [stage, ...rest] = text.split(', ')
  const days = rest.filter(part => /^\d{4}-\d\d-\d\d$/.test(part))
  const said = rest.filter(part => !/^\d{4}-\d\d-\d\d$/.test(part)).map(part => listed('lost_reason', part) || part)
  return [oneLanguage(stage), ...said, ...days.slice(0, 1)].join(' · ')
}
