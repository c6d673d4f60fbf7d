/*
 * What every page must be, whatever it shows: nothing sticks out, no codes or keys where words belong, no words of the other
 * language, nothing that a screen reader stumbles over. Each check gives a list of findings.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { ROOT } from './company.mjs'

const AXE = createRequire(path.join(ROOT, 'tools/app/package.json')).resolve('axe-core/axe.min.js')

/* Words that are the same in both languages. */
const SAME = new Set(
  ('Satchel CSV PDF QR HTTP HTTPS TLS KB MB GB ms km m WeChat CNY USD EUR A B C D S RFM ABC CRM VIP ID SMS API OK PIN Web App zh en English ' +
    'GMT UTC AM PM').split(' ')
)

export async function overflow(page) {
  return page.evaluate(() => {
    const findings = []
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth > width) findings.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`)
    const visible = element => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    for (const element of document.querySelectorAll('body *')) {
      if (!visible(element) || element.closest('[aria-hidden=true], svg, .q-virtual-scroll__padding')) continue
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      const text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
      if (!text || box.width === 0) continue
      let scroller = element.parentElement
      while (scroller && !['auto', 'scroll'].includes(getComputedStyle(scroller).overflowX)) scroller = scroller.parentElement
      if (!scroller && (box.right > width + 1 || box.left < -1)) findings.push(`"${element.textContent.trim().slice(0, 40)}" sticks out (${Math.round(box.left)}–${Math.round(box.right)})`)
      const cut = element.scrollWidth > element.clientWidth + 1 && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && style.display !== 'inline'
      if (cut) findings.push(`"${element.textContent.trim().slice(0, 40)}" is cut off`)
      const low = element.scrollHeight > element.clientHeight + 3 && style.overflowY === 'hidden' && style.display !== 'inline' && !style.webkitLineClamp.match(/\d/)
      if (low && element.clientHeight > 0) findings.push(`"${element.textContent.trim().slice(0, 40)}" is cut off below`)
    }
    return [...new Set(findings)]
  })
}

async function texts(page) {
  return page.evaluate(() => {
    const result = new Set()
    const visible = element => element.checkVisibility({ checkVisibilityCSS: true })
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement
      if (node.data.trim() && !['SCRIPT', 'STYLE'].includes(parent.tagName) && visible(parent)) result.add(node.data.trim())
    }
    for (const element of document.querySelectorAll('[placeholder], [aria-label], [title], [alt]')) {
      if (!visible(element)) continue
      for (const name of ['placeholder', 'aria-label', 'title', 'alt']) {
        const text = element.getAttribute(name)?.trim()
        if (text) result.add(text)
      }
    }
    return [...result]
  })
}

const CODE = /\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z][a-z0-9]+(?:\.[a-z_]+)+\b(?!\.)|[0-9a-f]{8}-[0-9a-f]{4}-|\bundefined\b|\bNaN\b|\bnull\b|\[object |\b\d{13}\b|\{\w*\}/

/* Codes, keys, ids and holes where words belong. What the data itself holds is the data's business. */
export async function rawCodes(page, data) {
  return (await texts(page)).filter(text => CODE.test(text) && !data.some(value => value.includes(text) || text.includes(value) && value.length > 3)).map(text => `raw: "${text.slice(0, 80)}"`)
}

/* Words of the other language that are neither the data's nor common to both. */
export async function wrongLanguage(page, language, data) {
  const known = new Set()
  for (const value of data) for (const word of value.match(/[A-Za-z]+|\p{Script=Han}/gu) ?? []) known.add(word)
  const foreign = language === 'en' ? /\p{Script=Han}/gu : /[A-Za-z]{2,}/g
  const findings = []
  for (const shown of await texts(page)) {
    const text = shown.replace(/[A-Za-z]*(\.\.\.|…)$/, '') // a chart's label, cut short
    const left = (text.match(foreign) ?? []).filter(word => !known.has(word) && !SAME.has(word) && word !== '中' && word !== '文')
    if (left.length) findings.push(`${language === 'en' ? 'Chinese' : 'English'}: "${text.slice(0, 80)}" (${left.slice(0, 4).join(' ')})`)
  }
  return findings
}

export async function accessibility(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await axeSource())
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return result.violations.map(({ id, help, nodes }) => `axe ${id}: ${help} – ${nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}${nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''}`)
}

let source
async function axeSource() {
  source ??= readFile(AXE, 'utf8')
  return source
}

/* Gathers the texts that a page's station gave it: names, notes, numbers. Words of the other language's columns do not count. */
export function gatherData(page, language) {
  const data = new Set()
  const other = language === 'en' ? /_zh$/ : /_en$/
  const take = (value, key) => {
    if (typeof value === 'string') {
      if (value.length > 1 && !other.test(key)) data.add(value)
    } else if (Array.isArray(value)) value.forEach(one => take(one, key))
    else if (value && typeof value === 'object') {
      for (const [name, one] of Object.entries(value)) if (name !== 'title' || !('title_zh' in value) || language === 'en') take(one, name)
    }
  }
  page.on('response', async response => {
    if (!/\/api\/(ask|do|session|status|inbox|story|hq)/.test(response.url())) return
    try {
      take(await response.json(), '')
    } catch {
      /* torn off by leaving the page */
    }
  })
  return () => [...data]
}
