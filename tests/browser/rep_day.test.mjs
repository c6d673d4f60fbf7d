/* A rep's day on the phone, all of it without headquarters; in the evening the link is back and everything has arrived. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { Company, waitUntil } from './company.mjs'
import { at as found, go as goTo, launch, openConsole, openPage } from './browser.mjs'

const HOUR = 3600000
let company, browser, station, page, customer

before(async () => {
  company = await Company.make({ console: true })
  browser = await launch()
  station = await company.station('anna', 'Anna Snelling', { link: true })
  customer = await station.do('customer.register', {
    name: '深圳前海云帆科技有限公司', phone: '0755-8612 3456', contact_name: '李明朗', contact_phone: '138 0013 8000'
  })
  await station.do('customer.register', { name: '李明朗', kind: 'person', phone: '139 0000 8765' })
  await station.sync()
  station.link.cut()
  await station.app()
  page = await openPage(browser, station.address, { permissions: ['geolocation'], geolocation: { latitude: 22.5431, longitude: 114.0579, accuracy: 12 } })
  await page.locator('[data-test=today-summary]').waitFor()
})
after(async () => {
  await browser?.close()
  await company?.close()
})

const at = name => found(page, name)
const go = path => goTo(page, path)
const own = path => new URL(path, station.address).href
async function quickAdd(choice) {
  await at('quick-add').click()
  await at(choice).click()
}
/* What the station has, asked of the program itself. */
const rows = (query, values) => station.ask(query, values)
async function eventually(query, values, condition, what) {
  return waitUntil(async () => (await rows(query, values)).find(condition), what, 20000)
}

/* A finger on the glass. */
async function swipe(locator, distance) {
  const box = await locator.boundingBox()
  const client = await page.context().newCDPSession(page)
  const y = box.y + box.height / 2
  const from = distance > 0 ? box.x + box.width * 0.3 : box.x + box.width * 0.7
  const touch = (type, x) => client.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] })
  await touch('touchStart', from)
  for (let step = 1; step <= 12; step++) {
    await touch('touchMove', from + (distance * step) / 12)
    await page.waitForTimeout(16)
  }
  await touch('touchEnd')
  await client.detach()
}

test('a customer, added with a thumb; who may be the same is said', async () => {
  await quickAdd('quick.customer')
  await page.locator('[name=name]').fill('云帆')
  await at('duplicate').first().waitFor()
  assert.match(await at('duplicate').first().textContent(), /深圳前海云帆科技有限公司/)
  await page.locator('[name=name]').fill('启明机电')
  await page.locator('[name=phone]').fill('010-8888 6666')
  await at('duplicate').waitFor({ state: 'detached' })
  await at('save').click()
  await at('customer-name').waitFor()
  assert.equal(await at('customer-name').textContent(), '启明机电')
  await page.locator('[data-mark=pending]').first().waitFor()
  assert.equal((await rows('customer.list', { text: '启明机电' })).length, 1)
})

test('an opportunity in four fields', async () => {
  await go('/')
  await quickAdd('quick.opportunity')
  await page.locator('[name=name]').fill('Server room')
  await at('pick-customer').click()
  await page.keyboard.type('云帆')
  await at('pick-option').filter({ hasText: '深圳前海' }).click()
  await page.getByLabel('Amount', { exact: false }).first().fill('12.5k')
  await at('preset-year_end').click()
  await at('save').click()
  const made = await eventually('opportunity.list', { state: 'open', text: 'Server room' }, row => row.name === 'Server room', 'the opportunity')
  assert.equal(made.amount_minor, 1250000)
  assert.equal(made.customer_id, customer.id)
  assert.match(made.expected_close_on, /-12-31$/)
})

test('an amount that cannot be read keeps the form', async () => {
  await go('/new/opportunity')
  await page.locator('[name=name]').fill('Nonsense')
  await page.getByLabel('Amount', { exact: false }).first().fill('a lot')
  await at('save').click()
  await page.locator('.q-field--error').waitFor()
  assert.equal((await rows('opportunity.list', { text: 'Nonsense' })).length, 0)
  await at('draft-discard').waitFor({ state: 'detached' })
  await page.locator('[name=name]').fill('')
})

test('a visit with the position, and the next date', async () => {
  await go(`/new/interaction?kind=visit&customer=${customer.id}`)
  await at('position-note').click()
  await at('position').waitFor()
  assert.match(await at('position').textContent(), /12 m/)
  await at('chip-interested').click()
  await page.locator('textarea[name=summary]').fill('Wants a second meeting')
  await at('preset-tomorrow').click()
  await at('save').click()
  const visit = await eventually('interaction.list', { customer: customer.id }, row => row.kind === 'visit', 'the visit')
  assert.deepEqual([visit.latitude_e6, visit.longitude_e6, visit.accuracy_m, visit.outcome], [22543100, 114057900, 12, 'interested'])
  assert.ok(visit.next_at > Date.now())
  assert.equal((await rows('reminder.list')).filter(row => row.customer_id === customer.id).length, 1)
})

test('a position that is refused does not keep the visit from being noted', async () => {
  const other = await openPage(browser, station.address)
  await other.goto(own(`/new/interaction?kind=visit&customer=${customer.id}`))
  await other.locator('[data-test=position-note]').click()
  await other.locator('[data-test=position-failed]').waitFor()
  await other.locator('textarea[name=summary]').fill('Without a position')
  await other.locator('[data-test=save]').click()
  const visit = await eventually('interaction.list', { customer: customer.id }, row => row.summary === 'Without a position', 'the visit')
  assert.equal(visit.latitude_e6, null)
  await other.context().close()
})

test('swiped to the right it is done, and can be taken back; to the left it rests', async () => {
  const task = await station.do('task.add', { title: 'Write the offer', due_at: Date.now() + HOUR / 60, repeat_days: 7 })
  await go('/')
  const item = id => page.locator(`[data-id="${id}"]`)
  await item(task.id).waitFor()
  await swipe(item(task.id), 260)
  await item(task.id).waitFor({ state: 'detached' })
  await page.getByText('Comes again').first().waitFor()
  assert.equal((await rows('task.list', { done: true })).filter(row => row.id === task.id).length, 1)
  assert.equal((await rows('task.list')).filter(row => row.title === 'Write the offer').length, 1)
  await at('undo').first().click()
  const again = await eventually('task.list', {}, row => row.title === 'Write the offer' && row.due_at < Date.now() + HOUR, 'the task again')
  assert.equal((await rows('task.list')).filter(row => row.title === 'Write the offer').length, 1)

  await item(again.id).waitFor()
  await swipe(item(again.id), -260)
  await at('snooze-tomorrow').click()
  const rested = await eventually('followup.agenda', {}, row => row.id === again.id && row.planned_at > row.due_at, 'the rest')
  assert.equal(rested.due_at, again.due_at)
  assert.equal(new Date(rested.planned_at).getUTCMinutes(), 0)
})

test('the same with the keyboard', async () => {
  const reminder = await station.do('reminder.set', { title: 'By keyboard', due_at: Date.now() + 2 * HOUR })
  await page.reload()
  const item = page.locator(`[data-id="${reminder.id}"]`)
  await item.locator('[data-test=agenda-more]').focus()
  await page.keyboard.press('Enter')
  await at('menu-done').waitFor()
  await at('menu-done').focus()
  await page.keyboard.press('Enter')
  await item.waitFor({ state: 'detached' })
  assert.equal((await rows('reminder.list', { done: true })).filter(row => row.id === reminder.id).length, 1)
})

test('after a call it offers to log it, also after a reload', async () => {
  await go('/customers/' + customer.id)
  await at('call').evaluate(link => link.addEventListener('click', event => event.preventDefault())) // no telephone here
  await at('call').click()
  await page.reload()
  await at('call-offer').waitFor()
  assert.match(await at('call-offer').textContent(), /深圳前海云帆科技有限公司/)
  await at('chip-reached').click()
  await at('call-offer').locator('textarea').fill('Price is settled')
  await at('call-save').click()
  await at('call-offer').waitFor({ state: 'detached' })
  const call = await eventually('interaction.list', { customer: customer.id }, row => row.summary === 'Price is settled', 'the call')
  assert.deepEqual([call.kind, call.outcome], ['call', 'reached'])
  await page.reload()
  await at('customer-name').waitFor()
  assert.equal(await at('call-offer').count(), 0)
})

test('an offer that is put away stays away', async () => {
  await at('call').evaluate(link => link.addEventListener('click', event => event.preventDefault()))
  await at('call').click()
  await at('call-offer').waitFor() // nothing hid the page: it comes after a moment
  await at('call-dismiss').click()
  await page.reload()
  await at('customer-name').waitFor()
  await page.waitForTimeout(500)
  assert.equal(await at('call-offer').count(), 0)
})

test('what was being typed is there after a reload, and can be discarded', async () => {
  await go('/new/task')
  await page.locator('[name=title]').fill('Half a thought')
  await at('chip-high').click()
  await page.reload()
  await at('draft-kept').waitFor()
  assert.equal(await page.locator('[name=title]').inputValue(), 'Half a thought')
  assert.equal(await at('chip-high').getAttribute('aria-pressed'), 'true')
  await at('draft-discard').click()
  assert.equal(await page.locator('[name=title]').inputValue(), '')
  await page.reload()
  await page.locator('[name=title]').waitFor()
  assert.equal(await at('draft-kept').count(), 0)
})

test('found by initials, pinyin, characters and the tail of the phone', async () => {
  await go('/customers')
  const search = page.locator('input[type=search]')
  for (const text of ['lml', 'limingl', '明朗', '8765']) {
    await search.fill(text)
    await page.waitForFunction(() => document.querySelectorAll('[data-test=customer]').length === 1, null, { timeout: 10000 })
    assert.match(await at('customer').textContent(), /李明朗/, text)
  }
  await search.fill('no such customer')
  await page.getByText('No customers found').waitFor()
  await search.fill('')
})

test('the list is where it was', async () => {
  await page.waitForFunction(() => document.querySelectorAll('[data-test=customer]').length > 8)
  const scroller = page.locator('.paged-scroll')
  await scroller.evaluate(element => (element.scrollTop = 1500))
  await page.waitForTimeout(400)
  const top = await scroller.evaluate(element => element.scrollTop)
  assert.ok(top > 1000)
  const middle = { x: 150, y: 480 }
  const name = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y).closest('[data-test=customer]').querySelector('.plain-title').textContent, middle)
  await page.touchscreen.tap(middle.x, middle.y)
  await at('customer-name').waitFor()
  assert.equal(await at('customer-name').textContent(), name)
  await at('back').click()
  await page.locator('.paged-scroll').waitFor()
  assert.equal(await page.locator('.paged-scroll').evaluate(element => element.scrollTop), top)
})

test('a customer is changed in place: only what differs is sent', async () => {
  await go('/customers/' + customer.id)
  await at('edit').click()
  await page.locator('input[name=city]').fill('深圳')
  await page.locator('.edit-form [data-test=save]').click()
  await page.locator('.edit-form').waitFor({ state: 'detached' })
  const card = (await rows('customer.show', { customer: customer.id }))[0]
  assert.deepEqual([card.city, card.phone], ['深圳', '0755-8612 3456'])
  const [change] = await station.json('story')
  assert.equal(change.command, 'customer.edit')
  assert.deepEqual(change.changes[0].cells.filter(cell => cell.value !== cell.old).map(cell => cell.column), ['city'])
})

test('a reminder rings once, however many pages are open, and again after a snooze', async () => {
  const context = await browser.newContext({ locale: 'en-GB', permissions: ['notifications'] })
  await context.addInitScript(() => {
    const told = title => localStorage.setItem('told', JSON.stringify([...JSON.parse(localStorage.getItem('told') ?? '[]'), title]))
    ServiceWorkerRegistration.prototype.showNotification = async title => told(title)
    localStorage.setItem('satchel.language', 'en')
  })
  const [first, second] = [await context.newPage(), await context.newPage()]
  for (const one of [first, second]) {
    await one.goto(station.address)
    await one.locator('[data-test=today-summary]').waitFor()
  }
  const told = async () => (await first.evaluate(() => JSON.parse(localStorage.getItem('told') ?? '[]'))).filter(title => title === 'Ring me').length
  const reminder = await station.do('reminder.set', { title: 'Ring me', due_at: Date.now() + 1500 })
  await waitUntil(async () => (await told()) > 0, 'the notification', 30000)
  for (const one of [first, second]) await one.locator('[data-test=ring-banner]').getByText('Ring me').waitFor()
  await first.waitForTimeout(12000) // both have looked again
  assert.equal(await told(), 1)

  await station.do('reminder.snooze', { reminder: reminder.id, until: Date.now() + 1500 })
  await waitUntil(async () => (await told()) > 1, 'the second ringing', 30000)
  await first.locator('[data-test=ring-done]').click()
  for (const one of [first, second]) await one.locator('[data-test=ring-banner]').getByText('Ring me').waitFor({ state: 'detached' })
  assert.equal((await rows('reminder.list', { done: true })).filter(row => row.id === reminder.id).length, 1)
  await context.close()
})

test('in the evening the link is back, and headquarters has it all', async () => {
  assert.deepEqual(page.complaints, [])
  const hq = await openConsole(browser, company, 'Administrator', await company.access('Administrator'))
  await hq.evaluate(() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push('/customers'))
  await hq.locator('[data-test=search] input, input[data-test=search]').first().fill('启明机电')
  await waitUntil(async () => (await hq.locator('[data-test=customer]').count()) === 0, 'headquarters knows nothing of it yet')
  await hq.evaluate(() => (window.sameDocument = true))
  station.link.restore()
  await station.sync().catch(() => {}) // the application may be at it already
  await waitUntil(async () => (await station.json('status')).waiting === 0, 'nothing waits', 60000)
  await hq.locator('[data-test=customer]', { hasText: '启明机电' }).waitFor({ timeout: 30000 })
  assert.equal(await hq.evaluate(() => window.sameDocument), true) // it came by itself: the page was not loaded again
  await hq.evaluate(id => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push('/customers/' + id), customer.id)
  await hq.getByText('Wants a second meeting').first().waitFor()
  assert.deepEqual(hq.complaints, [])
  await company.hq.sync()
  assert.equal((await company.hq.ask('customer.list', { text: '启明机电' })).length, 1)
  assert.equal((await company.hq.ask('opportunity.list', { text: 'Server room' })).length, 1)
  const log = await company.hq.ask('interaction.list', { customer: customer.id })
  assert.deepEqual(log.map(row => row.summary).sort(), ['Price is settled', 'Wants a second meeting', 'Without a position'])
})
