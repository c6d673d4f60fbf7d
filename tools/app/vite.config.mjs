// Builds the web application into one folder that the programs embed (tools/cmake/EmbeddedApp.cmake).
import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'
import { quasar, transformAssetUrls } from '@quasar/vite-plugin'

const station = process.env.SATCHEL_STATION ?? 'http://127.0.0.1:8790'

export default defineConfig({
  plugins: [vue({ template: { transformAssetUrls } }), quasar({ sassVariables: false })],
  // Quasar's own icon set names this package; the same drawings come from @mdi/js, a tenth of its size.
  resolve: { alias: { '@quasar/extras/mdi-v7': '@mdi/js' } },
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __INTLIFY_JIT_COMPILATION__: true // no eval: the page's policy forbids it
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy allows no data: scripts or styles
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600 // kB: the charts, loaded by headquarters' page alone
  },
  server: {
    // `npm run dev` beside `satchel app`: the page from here, the station from there.
    proxy: { '/api': { target: station, changeOrigin: true } },
    fs: { allow: ['..'] }
  }
})
