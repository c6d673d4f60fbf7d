/* What fails at a station: a stable code, the field it is about, a sentence in English for whoever has no better one. */
export class StationError extends Error {
  constructor({ code, field = '', message = '', wait_s: waitSeconds = 0, index = -1 }) {
    super(message || code)
    this.name = 'StationError'
    this.code = code
    this.field = field
    this.waitSeconds = waitSeconds
    this.index = index
  }
}
