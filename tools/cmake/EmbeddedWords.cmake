# satchel_embed_words(<target> <folder>)
# A library of the folder's columns.json, errors.json and values.json, for programs that speak to people.
function(satchel_embed_words target folder)
    set(root "${PROJECT_SOURCE_DIR}/${folder}")
    set(script "${PROJECT_SOURCE_DIR}/tools/cmake/embed_words.py")
    set(output "${PROJECT_BINARY_DIR}/generated/vocabulary.c")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND python3 "${script}" "${root}" "${output}"
        DEPENDS "${root}/columns.json" "${root}/errors.json" "${root}/values.json" "${script}"
        COMMENT "Embedding ${folder}/*.json"
        VERBATIM)
    add_library(${target} STATIC "${output}")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE satchel_flags)
endfunction()
