/*
 * Every word that people read comes from tools/words/*.json, each entry in both languages:
 *   screens/*.json  the pages' own     columns.json  names of fields     values.json  enumerations     errors.json  codes
 * Titles of commands and queries come from the domain's SQL (station.describe).
 */
import { createI18n } from 'vue-i18n'
import { Lang } from 'quasar'
import quasarChinese from 'quasar/lang/zh-CN'
import quasarEnglish from 'quasar/lang/en-US'

const files = import.meta.glob('../../../words/**/*.json', { eager: true, import: 'default' })
export const LANGUAGES = { 'zh-CN': '中文', en: 'English' }
const kept = 'satchel.language'

function messages(language) {
  const result = { screen: {}, column: {}, value: {}, error: {} }
  for (const [path, entries] of Object.entries(files)) {
    const kind = path.includes('/screens/') ? 'screen' : path.match(/(\w+)s\.json$/)[1]
    for (const [key, entry] of Object.entries(entries)) result[kind][key] = entry[language === 'en' ? 'en' : 'zh']
  }
  return result
}

function firstLanguage() {
  const chosen = localStorage.getItem(kept)
  if (chosen in LANGUAGES) return chosen
  return navigator.languages.some(tag => tag.startsWith('zh')) || !navigator.languages.some(tag => tag.startsWith('en')) ? 'zh-CN' : 'en'
}

/* Keys hold dots ("today.overdue"): each kind is one flat table. */
const flat = (object, path) => {
  const dot = path.indexOf('.')
  return object?.[path.slice(0, dot)]?.[path.slice(dot + 1)] ?? null
}

export const i18n = createI18n({
  legacy: false,
  locale: firstLanguage(),
  fallbackLocale: false,
  missingWarn: false,
  fallbackWarn: false,
  messageResolver: flat,
  messages: { 'zh-CN': messages('zh-CN'), en: messages('en') }
})

const { t, te, locale } = i18n.global
export { locale }

export const quasarLanguage = () => (locale.value === 'en' ? quasarEnglish : quasarChinese)
export const isChinese = () => locale.value !== 'en'

export function setLanguage(language) {
  locale.value = language
  localStorage.setItem(kept, language)
  Lang.set(quasarLanguage())
  document.documentElement.lang = language
}
document.documentElement.lang = locale.value

/* A page's word: screens/*.json. A number given as `n` also chooses the plural ("one | many"). */
export function s(key, values = {}) {
  return typeof values.n === 'number' ? t('screen.' + key, values, values.n) : t('screen.' + key, values)
}
/* A field's name: that of this query, else the field's, else the field's without the suffix of its unit (as tools/lint/words.py). */
export function column(name, query = '') {
  const keys = [`column.${query}:${name}`, 'column.' + name, 'column.' + name.replace(/_(minor|bp|at|on|qty|days|id|zh|en|e6)$/, '')]
  const key = keys.find(te)
  return key ? t(key) : name
}
/* What an enumeration's value is called; '' for none. */
export function value(name, code) {
  if (code === null || code === undefined || code === '') return ''
  const key = `value.${name}.${code}`
  return te(key) ? t(key) : String(code)
}
/* What went wrong, as a sentence. */
export function failure(error) {
  const key = 'error.' + error.code
  if (!te(key)) return error.message || error.code
  return t(key, { field: error.field ? column(error.field, error.operation ?? error.command ?? '') : '' })
}
/* Of a row with both languages: name_zh/name_en, stage_zh/stage_en … */
export function both(row, stem) {
  if (!row) return ''
  return (isChinese() ? row[stem + '_zh'] : row[stem + '_en']) ?? row[stem + '_zh'] ?? row[stem + '_en'] ?? ''
}
