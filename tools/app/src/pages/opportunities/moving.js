/* Moving an opportunity to another stage, from the board or from its own page: what needs words asks for them first. */
import { ref } from 'vue'
import { state, isManager } from '../../station/index.js'
import { useAct } from '../../lib/act.js'
import { both, s } from '../../words/index.js'

export function useMoving() {
  const { act, busy } = useAct()
  const asking = ref(null) // {row, kind, stage?}: the dialog that is open
  let answer = null

  /* Opens the dialog; the promise tells whether it was done. */
  function ask(row, kind, stage = null) {
    asking.value = { row, kind, stage }
    return new Promise(resolve => (answer = resolve))
  }
  function closed(done) {
    asking.value = null
    answer?.(done)
    answer = null
  }

  /* `stage`: a row of stage.list. Gives true when it stands there now. */
  async function moveTo(row, stage) {
    const opportunity = row.id
    if (row.state !== 'open' && stage.kind === 'open' && isManager()) return ask(row, 'reopen', stage)
    if (row.state === 'open' && stage.kind !== 'open') return ask(row, stage.kind, stage)
    const done = s('opportunities.moved', { name: row.name, stage: both(stage, 'name') })
    const undo = row.stage_code ? ['opportunity.move_stage', { opportunity, stage: row.stage_code }] : null
    return (await act('opportunity.move_stage', { opportunity, stage: stage.code }, { done, undo })) !== null
  }
  const mayAssign = () => state.user?.roles.some(role => role === 'manager' || role === 'hq')
  return { act, busy, asking, ask, closed, moveTo, mayAssign }
}
