/*
 * A company on one machine for the browser tests: its server, its stations, the links between them that can be cut, and
 * `satchel app` of each station. Real programs, real sockets, real files; nothing here ends a process that it did not start.
 */
import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const BIN = process.env.SATCHEL_BIN ?? path.join(ROOT, 'build/bin')
const DATA = path.join(ROOT, 'tests/data/crm-sales')
const WAIT_MS = Number(process.env.SATCHEL_WAIT ?? 60) * 1000
const run = promisify(execFile)

export async function waitUntil(condition, what, timeout = WAIT_MS) {
  const end = Date.now() + timeout
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`not within ${timeout / 1000} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/* Below the range from which the system takes ports for outgoing connections, so that it stays ours while the server is down. */
async function freePort() {
  for (;;) {
    const port = randomInt(20000, 32000)
    const free = await new Promise(resolve => {
      const probe = net.createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/* A program in the background; `ready` is what it prints when it can be used, its first group is `address`. */
class Program {
  constructor(name, words, ready) {
    this.said = ''
    this.child = spawn(path.join(BIN, name), words, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = new Promise(resolve => this.child.once('exit', resolve))
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} is not ready: ${this.said}`)), WAIT_MS)
      const read = data => {
        this.said += data
        const match = this.said.match(ready)
        if (match) {
          clearTimeout(timer)
          resolve(match)
        }
        if (this.said.length > 1e6) this.said = this.said.slice(-1e5)
      }
      this.child.stdout.setEncoding('utf8').on('data', read)
      this.child.stderr.setEncoding('utf8').on('data', read)
      this.child.once('exit', code => reject(new Error(`${name} ended with ${code}: ${this.said}`)))
    })
    this.ready.catch(() => {})
  }
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    await this.ended
  }
}

/* The network between one station and the server. Cut: what is open is torn, who comes is turned away. */
export class Link {
  constructor(port) {
    this.target = port
    this.open = new Set()
    this.isCut = false
    this.listener = net.createServer(near => {
      if (this.isCut) return near.destroy()
      const far = net.connect(this.target, '127.0.0.1')
      for (const one of [near, far]) {
        this.open.add(one)
        one.on('error', () => {}).on('close', () => {
          this.open.delete(one)
          near.destroy()
          far.destroy()
        })
      }
      near.pipe(far).pipe(near)
    })
  }
  async start() {
    await new Promise(resolve => this.listener.listen(0, '127.0.0.1', resolve))
    this.address = `http://127.0.0.1:${this.listener.address().port}`
    return this
  }
  cut() {
    this.isCut = true
    for (const one of this.open) one.destroy()
  }
  restore() {
    this.isCut = false
  }
  close() {
    this.cut()
    this.listener.close()
  }
}

/* One folder of the command line, and its web application. */
export class Station {
  constructor(company, home, link) {
    this.company = company
    this.home = home
    this.link = link
  }
  async run(...words) {
    const { stdout } = await run(path.join(BIN, 'satchel'), ['--home', this.home, ...words], { maxBuffer: 1 << 28, timeout: 300000 })
    return stdout
  }
  async json(...words) {
    return JSON.parse(await this.run(...words, '--json'))
  }
  #values(values) {
    return Object.entries(values).map(([name, value]) => (typeof value === 'string' ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`))
  }
  do(command, values = {}) {
    return this.json('do', command, ...this.#values(values))
  }
  ask(query, values = {}) {
    return this.json('ask', query, ...this.#values(values))
  }
  sync() {
    return this.json('sync')
  }
  /* `satchel app`; gives the address that it prints, with the key. */
  async app(...words) {
    this.program = new Program('satchel', ['--home', this.home, 'app', '--listen', '127.0.0.1:0', ...words], /(http:\/\/127\.0\.0\.1:\d+\/\?key=\S+)/)
    this.company.programs.push(this.program)
    this.address = (await this.program.ready)[1]
    return this.address
  }
  async stopApp() {
    await this.program?.stop()
  }
}

export class Company {
  constructor(folder) {
    this.folder = folder
    this.programs = []
    this.links = []
  }

  /* With the CRM data of tests/data; `console`: also headquarters' page. */
  static async make({ console: withConsole = false, data = DATA, currency = 'USD' } = {}) {
    const company = new Company(await mkdtemp(path.join(os.tmpdir(), 'satchel-browser-')))
    try {
      company.port = await freePort()
      const invitation = (await company.daemon('init', '--org', 'Hardware Sales', '--address', `http://127.0.0.1:${company.port}`, '--currency', currency)).trim().split('\n').pop()
      if (withConsole) company.consolePort = await freePort()
      await company.start()
      company.hq = await company.station('hq', null, { invitation })
      await company.hq.run('import', data)
      await company.hq.sync()
      return company
    } catch (error) {
      await company.close()
      throw error
    }
  }
  get #data() {
    return path.join(this.folder, 'server')
  }
  async daemon(subcommand, ...words) {
    const { stdout } = await run(path.join(BIN, 'satcheld'), [subcommand, '--data', this.#data, ...words], { timeout: 120000 })
    return stdout
  }
  async start() {
    const words = ['serve', '--data', this.#data, '--listen', `127.0.0.1:${this.port}`]
    if (this.consolePort) words.push('--console', `127.0.0.1:${this.consolePort}`)
    this.server = new Program('satcheld', words, this.consolePort ? /console[^\n]*(http:\/\/127\.0\.0\.1:\d+)/ : /listening on/)
    this.programs.push(this.server)
    const match = await this.server.ready
    this.console = match[1]
  }
  async invite(user) {
    return (await this.daemon('invite', '--user', user)).trim().split('\n').pop()
  }
  /* A first password for headquarters' page. */
  async access(user) {
    return (await this.daemon('access', '--user', user)).trim().split('\n').pop().trim()
  }
  async station(name, user, { invitation = null, link = false } = {}) {
    const one = link ? await new Link(this.port).start() : null
    if (one) this.links.push(one)
    const station = new Station(this, path.join(this.folder, name), one)
    await station.json('enrol', invitation ?? (await this.invite(user)), '--name', name, ...(one ? ['--address', one.address] : []))
    await station.sync()
    return station
  }
  async close() {
    for (const link of this.links) link.close()
    await Promise.allSettled(this.programs.map(program => program.stop()))
    await rm(this.folder, { recursive: true, force: true })
  }
}
