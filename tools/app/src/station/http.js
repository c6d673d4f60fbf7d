/* The carrier over HTTP: see tools/web/README.md for the interface. */
import { StationError } from './error.js'

let token = ''

async function request(method, path, body, signal) {
  let response
  try {
    response = await fetch('/api/' + path, {
      method,
      signal,
      credentials: 'same-origin',
      headers: method === 'POST' ? { 'Content-Type': 'application/json', 'X-Satchel-Token': token } : {},
      body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined
    })
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause
    throw new StationError({ code: 'station.unreachable', message: 'The program behind this page does not answer.' })
  }
  return answerOf(response)
}

async function answerOf(response) {
  let answer
  try {
    answer = await response.json()
  } catch {
    throw new StationError({ code: 'station.unreachable', message: `The answer cannot be read (${response.status}).` })
  }
  if (!response.ok) throw new StationError(answer.error ?? { code: 'station.unreachable' })
  return answer
}

async function session(promise) {
  const answer = await promise
  token = answer.token ?? ''
  return answer
}

/* Bytes as they are; the rest as any request. */
async function send(path, bytes) {
  let response
  try {
    response = await fetch('/api/' + path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/octet-stream', 'X-Satchel-Token': token },
      body: bytes
    })
  } catch {
    throw new StationError({ code: 'station.unreachable', message: 'The program behind this page does not answer.' })
  }
  return answerOf(response)
}

const name = text => encodeURIComponent(text)
/* What encodeURIComponent leaves and a header does not take is encoded too; a long name is cut. */
const safeName = text => name([...text].slice(-60).join('')).replace(/[!'()*]/g, sign => '%' + sign.charCodeAt(0).toString(16))

export const carrier = {
  open: () => session(request('GET', 'session')),
  enrol: args => session(request('POST', 'enrol', args)),
  signIn: (user, secret) => session(request('POST', 'sign-in', { user, secret: secret || undefined })),
  signOut: () => session(request('POST', 'sign-out')),
  setSecret: (old, secret) => request('POST', 'secret', { old: old || undefined, secret: secret || null }),
  do: (command, args) => request('POST', 'do/' + name(command), args),
  doAll: (command, list) => request('POST', 'do-all/' + name(command), list),
  ask: (query, args, signal) => request('POST', 'ask/' + name(query), args, signal),
  status: () => request('GET', 'status'),
  inbox: () => request('GET', 'inbox'),
  resubmit: (transaction, values) => request('POST', 'resubmit', { transaction, values }),
  discard: transaction => request('POST', 'discard', { transaction }),
  story: (limit = 200) => request('GET', 'story?limit=' + limit),
  storyOf: (table, id, limit = 20) => request('GET', `story?limit=${limit}&table=${name(table)}&id=${name(id)}`),
  marks: () => request('GET', 'marks'),
  describe: () => request('GET', 'describe'),
  addFile: bytes => send('files', bytes),
  files: () => request('GET', 'files'),
  fileAddress: (file, as) => '/api/files/' + name(file) + (as ? '?name=' + safeName(as) : ''),
  sync: () => request('POST', 'sync'),
  events: (after, signal) => request('GET', after === undefined ? 'events' : 'events?after=' + after, undefined, signal),
  hq: {
    invite: args => request('POST', 'hq/invite', args),
    invitations: () => request('GET', 'hq/invitations'),
    devices: () => request('GET', 'hq/devices'),
    revoke: args => request('POST', 'hq/revoke', args),
    access: user => request('POST', 'hq/access', { user })
  }
}
