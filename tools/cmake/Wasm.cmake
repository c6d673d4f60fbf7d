# WebAssembly, by Emscripten: set by the preset wasm. The libraries come from tools/wasm/dependencies.

set(ENV{PKG_CONFIG_LIBDIR} "${PROJECT_SOURCE_DIR}/.cache/wasm/lib/pkgconfig")
set(CMAKE_EXECUTABLE_SUFFIX .js)
# Programs run under Node on the real file system; in one file, since this Emscripten's loader takes Node 18's
# fetch() for a browser's. Stacks as deep as elsewhere, memory as much as is asked for.
add_link_options(-sENVIRONMENT=node -sNODERAWFS=1 -sSINGLE_FILE=1 -sEXIT_RUNTIME=1
    -sALLOW_MEMORY_GROWTH=1 -sTOTAL_STACK=8MB)
