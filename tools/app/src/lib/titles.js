/* What commands are called in the language of the page: from the domain itself, asked once. */
import { shallowReactive } from 'vue'
import { station } from '../station/index.js'
import { isChinese } from '../words/index.js'

const titles = shallowReactive(new Map())
let asked = false

async function learn() {
  try {
    for (const { name, title, title_zh: chinese } of (await station.describe()).commands) titles.set(name, { title: title.replace(/[.。]$/, ''), chinese })
  } catch {
    asked = false // the next page that shows one asks again
  }
}

/* '' until it is known. Reactive. */
export function commandTitle(name) {
  if (!asked) {
    asked = true
    queueMicrotask(learn)
  }
  const entry = titles.get(name)
  return entry ? (isChinese() && entry.chinese) || entry.title : ''
}
