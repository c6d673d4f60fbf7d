/* The pipelines and their stages, asked once for all that show them. */
import { computed, shallowRef, watch } from 'vue'
import { station, state } from '../../station/index.js'
import { both } from '../../words/index.js'

const stages = shallowRef([])
const pipelines = shallowRef([])
let watching = false

async function load() {
  if (!state.user) return
  const [all, lines] = await Promise.all([station.ask('stage.list', { all: true }), station.ask('pipeline.list')]).catch(() => [stages.value, pipelines.value])
  stages.value = all
  pipelines.value = lines
}

export function useStages() {
  if (!watching) {
    watching = true
    watch(() => [state.user?.id, state.changes], load, { immediate: true })
  }
  const stageName = code => both(stages.value.find(stage => stage.code === code), 'name') || ''
  const pipelineName = code => both(pipelines.value.find(pipeline => pipeline.code === code), 'name') || ''
  /* The stages that an opportunity of this pipeline can stand in; those of a code it stands in already are shown although retired. */
  const stagesOf = (pipeline, standing = '') => stages.value.filter(stage => stage.pipeline_code === pipeline && (stage.active || stage.code === standing))
  return { stages, pipelines: computed(() => pipelines.value.filter(({ active }) => active)), stageName, pipelineName, stagesOf }
}
