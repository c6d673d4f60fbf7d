/* People and devices: added, invited, enrolled once, revoked; the printed cards. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Company, Station, waitUntil } from './company.mjs'
import { PHONE, at, go, launch, openConsole, openPage } from './browser.mjs'

let company, browser, page
before(async () => {
  company = await Company.make({ console: true })
  browser = await launch()
  page = await openConsole(browser, company, 'Administrator', await company.access('Administrator'))
})
after(async () => {
  await browser?.close()
  await company?.close()
})

test('somebody is added with roles, changed, and gets a password that works', async () => {
  await page.goto(company.console + '/hq/people')
  await page.locator('[data-test=add-person]').click()
  await page.locator('input[name=name]').fill('李明朗')
  await page.locator('input[name=code]').fill('lml')
  await page.locator('[data-test=role-admin]').click()
  await page.locator('[data-test=save-person]').click()
  await page.waitForURL(/\/hq\/people\/[0-9a-f-]{36}$/)
  await page.locator('h2', { hasText: '李明朗' }).waitFor()
  await page.locator('[data-test=edit-person]').click()
  await page.locator('input[name=phone]').fill('138 0013 8000')
  await page.locator('[data-test=role-rep]').click()
  await page.locator('[data-test=save-person]').click()
  await page.getByText('138 0013 8000').waitFor()

  await page.locator('[data-test=access-person]').click()
  await page.locator('[data-test=confirm-access]').click()
  const secret = await page.locator('[data-test=password]').innerText()
  await page.locator('[data-test=confirm-access]').click()
  const other = await openConsole(browser, company, 'lml', secret)
  assert.equal(await other.evaluate(() => fetch('/api/session').then(answer => answer.json()).then(one => one.user.roles.join())), 'admin')
  await other.context().close()
})

test('a code that is taken is refused where it was written', async () => {
  await page.goto(company.console + '/hq/people')
  await page.locator('[data-test=add-person]').click()
  await page.locator('input[name=name]').fill('Somebody Else')
  await page.locator('input[name=code]').fill('lml')
  await page.locator('[data-test=save-person]').click()
  await page.locator('[role=alert][data-code="person.code_taken"]').waitFor()
  await page.keyboard.press('Escape')
})

test('many are invited at once, and the cards are printed, three to a page', async () => {
  await page.goto(company.console + '/hq/people')
  await page.locator('[data-test=choose-without]').click()
  const chosen = Number((await page.locator('[data-test=invite]').innerText()).match(/\d+/)[0])
  assert.ok(chosen > 30)
  await page.locator('[data-test=invite]').click()
  await page.locator('[data-test=make-invitations]').click()
  await waitUntil(async () => (await page.locator('[data-test=invite-card]').count()) === chosen, 'all cards')
  const texts = await page.locator('[data-test=invitation-text]').allInnerTexts()
  assert.equal(new Set(texts).size, chosen)
  const file = path.join(company.folder, 'cards.pdf')
  await page.pdf({ path: file, preferCSSPageSize: true })
  const text = (await readFile(file)).toString('latin1')
  assert.equal((text.match(/\/Type\s*\/Page\b/g) ?? []).length, Math.ceil(chosen / 3))
  // On paper there is nothing but cards, each with what to do in both languages.
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('[data-test=make-invitations]').isVisible(), false)
  assert.equal(await page.locator('[data-test=sync-line]').isVisible(), false)
  const first = page.locator('[data-test=invite-card]').first()
  for (const words of ['Open Satchel on your phone', '在您的手机']) assert.equal(await first.getByText(words).isVisible(), true)
  const torn = await first.evaluate(card => [...card.querySelectorAll('li, code, h2')].some(part => part.getBoundingClientRect().bottom > card.getBoundingClientRect().bottom + 1))
  assert.equal(torn, false)
  await page.emulateMedia({ media: 'screen' })
})

test('leaving is asked for: the texts are never shown again', async () => {
  await go(page, '/hq/people')
  await page.locator('[data-test=confirm-leave]').click()
  await page.waitForURL(/\/hq\/people$/)
  await go(page, '/hq/invite')
  assert.equal(await page.locator('[data-test=invite-card]').count(), 0)
})

test('an invitation enrols one device on its page, is told as used, and a second use is refused there', async () => {
  const boris = (await company.hq.ask('person.list', { text: 'Boris Faz' }))[0]
  await go(page, '/hq/people/' + boris.id)
  await page.locator('[data-test=invite-person]').click()
  await page.locator('[data-test=make-invitations]').click()
  const invitation = await page.locator('[data-test=invitation-text]').innerText()

  const phones = []
  for (const name of ['first', 'second']) {
    const station = new Station(company, path.join(company.folder, name))
    await station.app()
    const phone = await openPage(browser, station.address, { device: PHONE })
    await phone.locator('[name=invitation]').fill(invitation)
    await phone.locator('button[type=submit]').click()
    phones.push(phone)
    if (name === 'first') await phone.locator('[data-test=sync-line]').waitFor()
  }
  const refused = phones[1].locator('[role=alert]')
  await refused.waitFor()
  assert.equal(await refused.getAttribute('data-code'), 'invitation.used')
  assert.ok(!/invitation\.used/.test(await refused.innerText()))
  for (const phone of phones) await phone.context().close()

  await go(page, '/hq/devices')
  await page.locator('[data-test=confirm-leave]').click()
  await page.locator('[data-test=tab-invitations]').click()
  await page.getByLabel('State').click()
  await page.getByRole('option', { name: 'Used' }).click()
  await page.locator('[data-test=invitation][data-state=used]', { hasText: 'Boris Faz' }).waitFor()
})

test('an open invitation is taken back, and no longer works', async () => {
  const invitation = await company.invite('Cara Losch')
  await page.goto(company.console + '/hq/devices')
  await page.locator('[data-test=tab-invitations]').click()
  const rows = page.locator('[data-test=invitation][data-state=open]', { hasText: 'Cara Losch' })
  await rows.first().waitFor()
  for (let left = await rows.count(); left; left--) {
    await rows.first().locator('[data-test=take-back]').click()
    await page.locator('[data-test=confirm-take-back]').click()
    await waitUntil(async () => (await rows.count()) === left - 1, 'one less')
  }
  const station = new Station(company, path.join(company.folder, 'cara'))
  await assert.rejects(station.json('enrol', invitation), /invitation\./)
})

test('a revoked device is told so, and its person too', async () => {
  const carol = await company.station('carol', 'Carol Thompson')
  await carol.app()
  const phone = await openPage(browser, carol.address, { device: PHONE })
  await phone.locator('[data-test=sync-line]').waitFor()
  const { device_code: code } = await carol.json('status')
  await page.goto(company.console + '/hq/devices')
  const row = page.locator(`[data-test=device][data-device="${code}"]`)
  await row.getByText('Carol Thompson').waitFor()
  await row.locator('[data-test=revoke]').click()
  await page.getByText('is wiped').waitFor()
  await page.locator('[data-test=confirm-revoke]').click()
  await row.waitFor({ state: 'detached' })
  await page.locator('[data-test=revoked-too]').click()
  await row.getByText(/revoked \d{4}/).waitFor()

  await at(phone, 'wiped').getByText('its data was removed here').waitFor({ timeout: 60000 })
  await assert.rejects(carol.json('status'), /station\.revoked/)
  await phone.context().close()
})

test('who leaves is deactivated with a word on what remains, and cannot sign in', async () => {
  const darcel = (await company.hq.ask('person.list', { text: 'Darcel Schlecht' }))[0]
  const secret = await company.access('Darcel Schlecht')
  await page.goto(company.console + '/hq/people/' + darcel.id)
  const words = await page.locator('[data-test=person-left]').innerText()
  const [card] = await company.hq.ask('person.show', { person: darcel.id })
  assert.match(words, new RegExp(`^${card.customers} customers, ${card.open_opportunities} open`))
  await page.locator('[data-test=deactivate-person]').click()
  await page.locator('[data-test=confirm-deactivate]').click()
  await page.locator('[data-test=activate-person]').waitFor()
  await page.getByText('hand these over').waitFor()
  await assert.rejects(async () => {
    const other = await openPage(browser, company.console)
    await other.locator('input[name=user]').fill('Darcel Schlecht')
    await other.locator('input[name=secret]').fill(secret)
    await other.locator('button[type=submit]').click()
    await other.locator('[data-test=sync-line]').waitFor({ timeout: 3000 })
  })
})

test('nothing on these pages breaks the policy, fails, or asks anybody else', () => assert.deepEqual(page.complaints, []))
