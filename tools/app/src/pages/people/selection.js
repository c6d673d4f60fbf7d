/* Who was chosen on the page People, on the way to the page Invite. */
import { reactive } from 'vue'

export const selection = reactive(new Map()) // id → name
