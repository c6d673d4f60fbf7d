/* The web application: phone pages for reps, headquarters' page. One program for both; the station says which. */
import { createApp } from 'vue'
import { Quasar, Notify, Dialog, Loading } from 'quasar'
import iconSet from 'quasar/icon-set/svg-mdi-v7'
import 'quasar/dist/quasar.css'
import './shell/style.css'
import './shell/records.css'

import App from './App.vue'
import { router } from './router.js'
import { i18n, quasarLanguage } from './words/index.js'
import { station } from './station/index.js'

const app = createApp(App)
  .use(Quasar, {
    plugins: { Notify, Dialog, Loading },
    lang: quasarLanguage(),
    iconSet,
    config: {
      brand: { primary: '#0b5d57', secondary: '#35605a', accent: '#b4570a', positive: '#1d7a3a', negative: '#b3261e', info: '#1b5e9b', warning: '#8a5a00' },
      notify: { position: 'bottom', timeout: 4000 }
    }
  })
  .use(i18n)
  .use(router)

app.config.globalProperties.$station = station // for those who look at the page from outside: tools/screenshots
app.mount('#app')
