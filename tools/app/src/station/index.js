/*
 * The station, as pages see it: the shape of satchel.h. Functions return promises and throw StationError.
 * `ask` gives rows, `do` a command's result; both take the arguments that `satchel help NAME` lists.
 */
import { carrier } from './http.js'
import { state, took, refreshStatus, refreshMarks, tell } from './state.js'

export { StationError } from './error.js'
export { state, has, isManager, isHeadquarters } from './state.js'

const EVENT_PAUSE_MS = 2000 // between tries while the program behind the page is away
const SIGN_IN_PAUSE_MS = 100

/* What fails tells of which command or query it is: its fields have names of their own. */
async function answered(promise, operation = '') {
  try {
    return await promise
  } catch (error) {
    error.operation = operation
    if (error.code === 'session.missing') await station.open()
    throw error
  }
}

export const station = {
  /* Learns who is signed in; called once at the start, and again when a session has ended. */
  async open() {
    took(await carrier.open())
    after() // the first page need not wait for it
  },
  async enrol(args) {
    took(await carrier.enrol(args))
    await after()
  },
  async signIn(user, secret) {
    took(await carrier.signIn(user, secret))
    await after()
  },
  async signOut() {
    took(await carrier.signOut())
  },
  setSecret: (old, secret) => answered(carrier.setSecret(old, secret)),

  async do(command, args = {}) {
    const result = await answered(carrier.do(command, args), command)
    tell('changed', { own: true })
    return result
  },
  async doAll(command, list) {
    const result = await answered(carrier.doAll(command, list), command)
    tell('changed', { own: true })
    return result
  },
  ask: (query, args = {}, signal) => answered(carrier.ask(query, args, signal), query),
  async one(query, args = {}) {
    return (await station.ask(query, args))[0] ?? null
  },
  inbox: () => answered(carrier.inbox()),
  /* Work that headquarters refused, or that no longer applies: once more, with other values by column, or given up. */
  async resubmit(transaction, values = {}) {
    await answered(carrier.resubmit(transaction, values))
    tell('changed', { own: true })
  },
  async discard(transaction) {
    await answered(carrier.discard(transaction))
    tell('changed', { own: true })
  },
  story: limit => answered(carrier.story(limit)),
  storyOf: (table, id, limit) => answered(carrier.storyOf(table, id, limit)),
  describe: () => answered(carrier.describe()),

  /* Keeps bytes on the station: {file, size}; a command such as attachment.add names them then. */
  addFile: bytes => answered(carrier.addFile(bytes)),
  files: () => answered(carrier.files()),
  fileAddress: carrier.fileAddress,

  /* Sends and receives until nothing is left; its progress stands in state.progress. */
  async sync() {
    try {
      state.syncing = true
      return await answered(carrier.sync())
    } finally {
      state.syncing = false
      state.progress = null
      await refreshStatus()
    }
  },
  hq: carrier.hq
}

async function after() {
  if (state.user) await Promise.all([refreshStatus(), refreshMarks()])
}

/* Follows the station's events for as long as the page is open. */
export async function follow() {
  let next
  for (;;) {
    if (!state.user) {
      next = undefined
      await pause(SIGN_IN_PAUSE_MS) // short: what happens before the first question is not told
      continue
    }
    try {
      const answer = await carrier.events(next)
      next = answer.next
      if (state.away) {
        state.away = false
        tell('changed', {})
      }
      for (const { event, ...numbers } of answer.events) tell(event, numbers)
    } catch (error) {
      if (error.code === 'station.unreachable') state.away = true
      else if (error.code === 'session.missing') await station.open().catch(() => {})
      await pause()
    }
  }
}

function pause(ms = EVENT_PAUSE_MS) {
  return new Promise(resolve => setTimeout(resolve, ms))
}
