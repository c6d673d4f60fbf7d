/* The catalogue of words: both languages are complete, every word that a page asks for is there, none lies there for nothing. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const app = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const screens = path.join(app, '../words/screens')
const HAN = /\p{Script=Han}/u
const SAME = /^[^\p{L}]*$|^(CSV|QR|PDF|Satchel|[A-Z])$/u // nothing to translate

const files = (folder, ending) =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? files(path.join(folder, entry.name), ending) : ending.test(entry.name) ? [path.join(folder, entry.name)] : []
  )

const words = new Map()
const doubles = []
for (const file of files(screens, /\.json$/)) {
  for (const [key, entry] of Object.entries(JSON.parse(readFileSync(file, 'utf8')))) {
    if (words.has(key)) doubles.push(`${key} in ${path.basename(file)}`)
    words.set(key, entry)
  }
}
const sources = files(path.join(app, 'src'), /\.(vue|js)$/).map(file => [path.relative(app, file), readFileSync(file, 'utf8')])

/* What pages ask for: whole keys, and beginnings to which a code is added ('mark.' + kind, `mark.${kind}`). */
const whole = new Map()
const beginnings = new Set()
for (const [file, text] of sources) {
  for (const [, key] of text.matchAll(/['"`]([a-z][\w-]*(?:\.[\w-]+)+)['"`]/g)) whole.set(key, file)
  for (const [, start] of text.matchAll(/['"`]([a-z][\w-]*\.(?:[\w-]+[._])*(?:[\w-]+_)?)['"] *\+/g)) beginnings.add(start)
  for (const [, start] of text.matchAll(/`([a-z][\w-]*\.[\w.-]*)\$\{/g)) beginnings.add(start)
}

test('no key stands in two files', () => assert.deepEqual(doubles, []))

test('both languages have every word', () => {
  const bad = []
  for (const [key, { zh, en, ...rest }] of words) {
    if (!zh?.trim() || !en?.trim() || Object.keys(rest).length) bad.push(`${key}: wants {"zh", "en"}`)
    else if (!HAN.test(zh) && !SAME.test(zh.replace(/\{\w+\}/g, ''))) bad.push(`${key}: "${zh}" is not Chinese`)
    else if (HAN.test(en)) bad.push(`${key}: "${en}" is not English`)
    const names = text => [...new Set(text?.match(/\{\w+\}/g))].sort().join()
    if (zh && en && names(zh) !== names(en)) bad.push(`${key}: {…} differ: ${names(zh)} / ${names(en)}`)
  }
  assert.deepEqual(bad, [])
})

test('every word that a page asks for is there', () => {
  const asked = []
  for (const [file, text] of sources) {
    for (const [, key] of text.matchAll(/\bs\(\s*['"]([\w.-]+)['"](?! *\+)/g)) if (!words.has(key)) asked.push(`${file}: ${key}`)
    for (const [, key] of text.matchAll(/\btitle: '([a-z_]+\.[\w.]+)'(?! *\+)/g)) if (!words.has(key)) asked.push(`${file}: ${key}`)
  }
  assert.deepEqual(asked, [])
})

test('no word lies there for nothing', () => {
  const unused = [...words.keys()].filter(key => !whole.has(key) && ![...beginnings].some(start => key.startsWith(start)))
  assert.deepEqual(unused, [])
})

test('no page has words of its own', () => {
  const found = []
  for (const [file, text] of sources) {
    const bare = text.replace(/<!--[\s\S]*?-->|\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '')
    for (const line of bare.split('\n')) if (HAN.test(line) && !/中文|CJK|const UNITS/.test(line) && !/\/.*\p{Script=Han}.*\/[a-z]*/u.test(line)) found.push(`${file}: ${line.trim().slice(0, 80)}`)
  }
  assert.deepEqual(found, [])
})
