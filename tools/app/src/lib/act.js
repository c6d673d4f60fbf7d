/* Runs a command for a page: says what went wrong, or what was done, with a way back where there is one. */
import { Notify } from 'quasar'
import { ref } from 'vue'
import { station } from '../station/index.js'
import { failure, s } from '../words/index.js'

export function useAct() {
  const busy = ref(false)
  const error = ref(null)
  /* Gives the command's result, or null when it failed. `done`: a word to show; `undo`: [command, arguments]. */
  async function act(command, args, { done = '', undo = null, quiet = false } = {}) {
    busy.value = true
    error.value = null
    try {
      const result = await station.do(command, args)
      if (done) {
        Notify.create({
          message: done,
          color: 'positive',
          actions: undo ? [{ label: s('shell.undo'), color: 'white', handler: () => act(undo[0], undo[1]) }] : []
        })
      }
      return result ?? {}
    } catch (cause) {
      error.value = cause
      if (!quiet) tellFailure(cause)
      return null
    } finally {
      busy.value = false
    }
  }
  return { act, busy, error }
}

export function tellFailure(cause) {
  Notify.create({ message: failure(cause), color: 'negative', timeout: 6000, attrs: { 'data-code': cause.code } })
}
