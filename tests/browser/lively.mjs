/* Fills a company with what a week of work leaves: plans, visits, conflicts, refused work, things that wait. */
import path from 'node:path'
import { Station } from './company.mjs'

const HOUR = 3600000

/* Gives {manager, rep, fresh}: stations whose `satchel app` runs; the manager's is behind a link that is cut. */
export async function lively(company) {
  const manager = await company.station('dustin', 'Dustin Brinkmann', { link: true })
  const rep = await company.station('anna', 'Anna Snelling', { link: true })
  const [customer, second] = await rep.ask('customer.list', { limit: 2 })
  const [opportunity] = await rep.ask('opportunity.list', { state: 'open', limit: 1 })
  const now = Date.now()

  await company.hq.do('customer.register', { name: '深圳前海云帆科技有限公司', phone: '0755-8612 3456', owner: 'Dustin Brinkmann', industry: 'software' })
  await company.hq.do('customer.register', { name: '李明朗', kind: 'person', phone: '138 0013 8000', owner: 'Dustin Brinkmann' })
  await company.hq.sync()
  await manager.sync()
  const [own] = await manager.ask('customer.list', { text: '深圳前海' })
  await manager.do('interaction.log', { customer: own.id, kind: 'visit', summary: '拜访采购经理，确认下季度预算' })
  await manager.do('interaction.log', { customer: own.id, kind: 'call', summary: 'Wants an offer for thirty seats' })
  await manager.do('reminder.set', { title: '给云帆科技回电话', customer: own.id, due_at: now - 26 * HOUR })
  await manager.do('reminder.set', { title: 'Send the offer', customer: own.id, due_at: now + HOUR })
  await manager.do('task.add', { title: '准备方案演示材料', customer: own.id, due_at: now + 2 * HOUR, priority: 'high' })
  await manager.do('task.add', { title: 'Quarterly review with the team', due_at: now - 3 * 24 * HOUR })
  await manager.sync()

  // Two people change the same fact without knowing of each other.
  manager.link.cut()
  await manager.do('customer.edit', { customer: customer.id, phone: '555-0100' })
  await rep.do('customer.edit', { customer: customer.id, phone: '555-0199' })
  await rep.do('interaction.log', { customer: second.id, kind: 'call', summary: 'Asked for the new price list' })
  await rep.sync()
  manager.link.restore()
  await manager.sync()
  await rep.sync()

  // Refused: handed to somebody who has left meanwhile.
  manager.link.cut()
  await manager.do('customer.assign', { customer: own.id, to: 'Moses Frase' })
  await company.hq.do('person.deactivate', { person: 'Moses Frase' })
  await company.hq.sync()
  manager.link.restore()
  await manager.sync()

  // A conflict of states: lost here, won at headquarters.
  rep.link.cut()
  await rep.do('opportunity.lose', { opportunity: opportunity.id, reason: 'price' })
  await company.hq.sync()
  await company.hq.do('opportunity.win', { opportunity: opportunity.id })
  await company.hq.sync()
  rep.link.restore()
  await rep.sync()
  await manager.sync()

  // Not yet at headquarters.
  manager.link.cut()
  await manager.do('customer.edit', { customer: own.id, remark: '重点客户，优先安排演示' })
  await manager.do('interaction.log', { customer: own.id, kind: 'chat', summary: '已发送报价单' })
  await manager.app()
  await rep.app()
  const fresh = new Station(company, path.join(company.folder, 'fresh'))
  await fresh.app()
  return { manager, rep, fresh }
}
