/* Headquarters' page: its figures are those of the station, each opens its rows, and what happens in the field arrives by itself. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { Company, waitUntil } from './company.mjs'
import { DESK, PHONE, launch, openConsole } from './browser.mjs'

const DECIMAL = /[^\d.-]/g
let company, browser, page, password

before(async () => {
  company = await Company.make({ console: true })
  browser = await launch()
  password = await company.access('Administrator')
  page = await openConsole(browser, company, 'Administrator', password, { device: DESK, acceptDownloads: true })
  await page.waitForURL(/\/hq$/)
  // The console's own station catches up by itself.
  await page.locator('[data-test=total-won]', { hasText: '4,238' }).waitFor({ timeout: 60000 })
})
after(async () => {
  await browser?.close()
  await company?.close()
})

const minor = text => Math.round(Number(text.replace(DECIMAL, '')) * 100)
const total = name => page.locator(`[data-test=total-${name}] b`).innerText()
async function overview() {
  await page.goto(company.console + '/hq')
  await page.locator('[data-test=figure-managers] [data-loading=false] svg').waitFor()
}
/* Where a click led: how many rows it says, how much, and how many it holds. */
async function rows() {
  await page.waitForURL(/\/hq\/rows/)
  const count = page.locator('[data-test=rows-count]')
  await count.waitFor()
  const { searchParams } = new URL(page.url())
  const values = Object.fromEntries(searchParams)
  return {
    values,
    count: Number(await count.getAttribute('data-count')),
    amount: Number(await page.locator('[data-test=rows-amount]').getAttribute('data-amount')),
    list: await company.hq.ask('opportunity.list', { ...values, limit: 100000 })
  }
}
function agree({ count, amount, list }, expected) {
  assert.equal(count, expected.count)
  assert.equal(list.length, expected.count)
  if ('amount' in expected) {
    assert.equal(amount, expected.amount)
    assert.equal(list.reduce((sum, row) => sum + row.amount_minor, 0), expected.amount)
  }
}

test('the totals are those of the command line', async () => {
  const [figures] = await company.hq.ask('overview.totals')
  assert.deepEqual([figures.opportunities, figures.won, figures.lost, figures.win_rate_bp, figures.won_amount_minor], [8800, 4238, 2473, 6315, 1000553400])
  const [rate] = await company.hq.ask('opportunity.win_rate')
  assert.deepEqual([rate.won, rate.lost, rate.won_amount_minor], [4238, 2473, 1000553400])
  assert.equal(await total('won'), '4,238')
  assert.equal(await total('lost'), '2,473')
  assert.equal(await total('win_rate'), '63.15 %')
  assert.equal(await total('opportunities'), '8,800')
  assert.equal(minor(await total('won_amount')), 1000553400)
  assert.match(await page.locator('[data-test=as-of]').innerText(), /\d{4}-\d\d-\d\d \d\d:\d\d/)
})

test('tables say what the statistics of the command line say', async () => {
  await overview()
  const known = new Map((await company.hq.ask('opportunity.won_by_manager')).map(row => [row.manager, row.won_amount_minor]))
  const lines = await page.locator('[data-test=figure-managers] tbody tr').evaluateAll(list => list.map(line => [...line.cells].map(cell => cell.innerText)))
  assert.equal(lines.length, known.size)
  for (const [name, amount] of lines) assert.equal(minor(amount), known.get(name), name)
  const months = new Map((await company.hq.ask('opportunity.by_month')).map(row => [row.month, row]))
  const monthLines = await page.locator('[data-test=figure-months] tbody tr').evaluateAll(list => list.map(line => [...line.cells].map(cell => cell.innerText)))
  assert.equal(monthLines.length, 10)
  for (const [month, amount, won, lost] of monthLines) {
    assert.deepEqual([minor(amount), Number(won), Number(lost)], [months.get(month).won_amount_minor, months.get(month).won, months.get(month).lost], month)
  }
})

test('a click on a bar opens its rows, as many and as much as the bar says', async () => {
  await overview()
  const [first] = await company.hq.ask('overview.managers')
  const bar = page.locator('[data-test=figure-managers] svg path[fill="#0b5d57"]').first()
  await bar.click()
  agree(await rows(), { count: first.won, amount: first.won_amount_minor })
  assert.match(await page.locator('.rows-chips').innerText(), new RegExp(first.manager))
  await page.goBack()
  await page.waitForURL(/\/hq$/)
})

test('so does a click on a month, a stage and a class of the forecast', async () => {
  const cells = [
    ['months-won-3', async () => { const row = (await company.hq.ask('overview.months')).filter(one => one.won || one.lost)[3]; return { count: row.won, amount: row.won_amount_minor } }],
    ['funnel-count-1', async () => { const row = (await company.hq.ask('overview.stages'))[1]; return { count: row.count, amount: row.amount_minor } }],
    ['funnel-count-3', async () => { const row = (await company.hq.ask('overview.stages'))[3]; return { count: row.count } }],
    ['pipeline-weighted_minor-0', async () => { const row = (await company.hq.ask('overview.stages'))[0]; return { count: row.count, amount: row.amount_minor } }],
    ['products-won_amount_minor-0', async () => { const row = (await company.hq.ask('overview.products'))[0]; return { count: row.won, amount: row.won_amount_minor } }],
    ['forecast-count-2', async () => { const row = (await company.hq.ask('overview.forecast'))[2]; return { count: row.count, amount: row.amount_minor } }]
  ]
  for (const [cell, expected] of cells) {
    await overview()
    await page.locator(`[data-test=${cell}]`).click()
    agree(await rows(), await expected())
  }
})

test('period, manager and branch stand in the address and in every figure', async () => {
  const melvin = (await company.hq.ask('person.list', { text: 'Melvin Marxen' }))[0].id
  const central = (await company.hq.ask('branch.list')).find(({ name }) => name === 'Central').id
  const values = { from: '2017-05-10', to: '2017-07-20', manager: melvin, branch: central }
  await page.goto(`${company.console}/hq?${new URLSearchParams({ period: 'own', ...values })}`)
  const [figures] = await company.hq.ask('overview.totals', values)
  await page.locator('[data-test=total-won] b', { hasText: String(figures.won) }).waitFor()
  assert.equal(minor(await total('won_amount')), figures.won_amount_minor)
  assert.equal(await total('entered'), String(figures.entered))
  await page.locator('[data-test=total-entered]').click()
  agree(await rows(), { count: figures.entered })
  await page.goBack()
  const stages = (await company.hq.ask('overview.stages', values)).find(row => row.stage_code === 'won')
  await page.locator('[data-test=funnel-count-2]').click()
  const found = await rows()
  agree(found, { count: stages.count, amount: stages.amount_minor })
  assert.equal(stages.count, figures.won)
  assert.ok(found.list.every(row => row.closed_on >= values.from && row.closed_on <= values.to))
})

test('a table is saved as it stands, with its mark', async () => {
  await overview()
  const saving = page.waitForEvent('download')
  await page.locator('[data-test=csv-managers]').click()
  const text = await readFile(await (await saving).path(), 'utf8')
  const lines = text.split('\r\n')
  assert.equal(text.charCodeAt(0), 0xfeff)
  assert.equal(lines.length, 6 + 2)
  assert.match(lines[1], /^Melvin Marxen,2251930\.00,882,536,62\.2,/)
})

test('on a phone there is one thing at a time: the chart, or its table', async () => {
  const phone = await openConsole(browser, company, 'Administrator', password, { device: PHONE })
  const card = phone.locator('[data-test=figure-managers]')
  await card.locator('[data-loading=false] svg').waitFor()
  assert.equal(await card.locator('table').count(), 0)
  await card.getByRole('button', { name: 'Show the table' }).click()
  assert.equal(await card.locator('tbody tr').count(), 6)
  assert.deepEqual(phone.complaints, [])
  await phone.context().close()
})

test("an agent's win arrives on the open page without a reload", async () => {
  const anna = await company.station('anna', 'Anna Snelling')
  await overview()
  await page.evaluate(() => (window.stayed = true))
  assert.equal(await total('won'), '4,238')
  const [open] = await anna.ask('opportunity.list', { state: 'open', limit: 1 })
  await anna.do('opportunity.win', { opportunity: open.id, amount: 12345678 })
  await anna.sync()
  await page.locator('[data-test=total-won] b', { hasText: '4,239' }).waitFor({ timeout: 30000 })
  assert.equal(minor(await total('won_amount')), 1000553400 + 12345678)
  assert.equal(await page.evaluate(() => window.stayed), true)
  // A chart that grows by a month keeps its place; the new month is its last row.
  const month = (await anna.ask('opportunity.show', { opportunity: open.id }))[0].closed_on.slice(0, 7)
  await waitUntil(async () => (await page.locator('[data-test=figure-months] tbody tr').last().innerText()).startsWith(month), 'the new month')
})

test('nothing on these pages breaks the policy, fails, or asks anybody else', () => assert.deepEqual(page.complaints, []))
