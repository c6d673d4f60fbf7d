/* What the forms of an interaction hold, and the arguments of interaction.log made from it. */
export const emptyInteraction = (query = {}) => ({
  customer: query.customer ?? null,
  opportunity: query.opportunity ?? null,
  contact: query.contact ?? null,
  kind: query.kind ?? 'call',
  outcome: null,
  summary: '',
  position: null,
  next_at: null,
  next_title: '',
  next_kind: null
})

export function interactionArguments(draft) {
  const text = value => value?.trim() || undefined
  return {
    customer: draft.customer ?? undefined,
    opportunity: draft.opportunity ?? undefined,
    contact: draft.contact ?? undefined,
    kind: draft.kind,
    outcome: (draft.kind !== 'note' && draft.outcome) || undefined,
    summary: text(draft.summary),
    at: draft.at ?? undefined,
    minutes: draft.minutes ?? undefined,
    ...(draft.kind === 'visit' && draft.position ? draft.position : {}),
    ...(draft.next_at ? { next_at: draft.next_at, next_title: text(draft.next_title), next_kind: draft.next_kind ?? undefined } : {})
  }
}
