/* "rep, manager" as people say it. */
import { s, value } from '../../words/index.js'

export const rolesOf = text => (text ?? '').split(',').map(role => role.trim()).filter(Boolean)
export const roleNames = text => rolesOf(text).map(role => value('role', role)).join(s('hq.comma'))
