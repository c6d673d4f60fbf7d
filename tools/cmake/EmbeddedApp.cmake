# satchel_embed_app(<target> <folder> <words>)
# Builds the web application in the folder (npm, locked versions) and makes a static library of its files, as the table
# that tools/app/assets.h declares. tools/setup has put node_modules in place.
function(satchel_embed_app target folder words)
    set(root "${PROJECT_SOURCE_DIR}/${folder}")
    set(script "${PROJECT_SOURCE_DIR}/tools/cmake/embed_app.py")
    set(dist "${PROJECT_BINARY_DIR}/app")
    set(assembly "${PROJECT_BINARY_DIR}/generated/app_assets.S")
    set(table "${PROJECT_BINARY_DIR}/generated/app_assets.c")
    find_program(SATCHEL_NODE NAMES node nodejs REQUIRED)

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS
        "${root}/src/*" "${root}/public/*" "${PROJECT_SOURCE_DIR}/${words}/*.json")
    list(APPEND sources "${root}/index.html" "${root}/vite.config.mjs" "${root}/package-lock.json")
    add_custom_command(
        OUTPUT "${assembly}" "${table}"
        COMMAND "${CMAKE_COMMAND}" -E chdir "${root}" "${SATCHEL_NODE}" node_modules/vite/bin/vite.js build
                --logLevel warn --emptyOutDir --outDir "${dist}"
        COMMAND python3 "${script}" "${dist}" "${assembly}" "${table}"
        DEPENDS ${sources} "${script}"
        COMMENT "Building the web application"
        VERBATIM)
    add_library(${target} STATIC "${assembly}" "${table}")
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()
