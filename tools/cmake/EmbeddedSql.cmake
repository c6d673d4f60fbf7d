# satchel_embed_sql(<target> <folder> [NAME name] [FILE name] [WITH file...])
# Adds every .sql file below the folder to the target, as the table that schema/embedded.h declares; under another
# name than embedded_files when told one. The source that is generated is called like the table unless told otherwise.
# WITH names files of schema/ that the table has, too.
# The list of files is written when CMake runs; the build globs again each time, so that a file that
# was added, changed or removed rebuilds the table.
function(satchel_embed_sql target folder)
    cmake_parse_arguments(arg "" "NAME;FILE" "WITH" ${ARGN})
    set(name embedded_file)
    if(arg_NAME)
        set(name "${arg_NAME}")
    endif()
    set(file "${name}")
    if(arg_FILE)
        set(file "${arg_FILE}")
    endif()
    set(root "${PROJECT_SOURCE_DIR}/${folder}")
    set(script "${PROJECT_SOURCE_DIR}/tools/cmake/embed_sql.cmake")
    set(list_file "${PROJECT_BINARY_DIR}/generated/${file}.list")
    set(output "${PROJECT_BINARY_DIR}/generated/${file}.c")

    file(GLOB_RECURSE paths RELATIVE "${root}" CONFIGURE_DEPENDS "${root}/*.sql")
    list(APPEND paths ${arg_WITH})
    list(SORT paths COMPARE STRING CASE SENSITIVE)
    string(REPLACE ";" "\n" lines "${paths}")
    file(CONFIGURE OUTPUT "${list_file}" CONTENT "${lines}\n" @ONLY)

    list(REMOVE_ITEM paths ${arg_WITH} "")
    list(TRANSFORM paths PREPEND "${root}/")
    list(TRANSFORM arg_WITH PREPEND "${PROJECT_SOURCE_DIR}/schema/")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DROOT=${root}" "-DLIST=${list_file}" "-DOUTPUT=${output}" "-DNAME=${name}"
                "-DMORE=${PROJECT_SOURCE_DIR}/schema" -P "${script}"
        DEPENDS ${paths} ${arg_WITH} "${list_file}" "${script}"
        COMMENT "Embedding ${folder}/**/*.sql"
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()
