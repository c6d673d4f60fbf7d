# One function per kind of thing that Satchel consists of: a layer, the shared library, a program.

# satchel_layer(<folder> [TARGET name] [INCLUDES dir...] [EXCEPT file...] [LINKS lib...])
# A static library of all C sources below the folder but the files named, called satchel_<folder> unless told otherwise.
# While the folder has no sources, the target only passes its dependencies on.
function(satchel_layer folder)
    cmake_parse_arguments(arg "" "TARGET" "INCLUDES;EXCEPT;LINKS" ${ARGN})
    set(target satchel_${folder})
    if(arg_TARGET)
        set(target ${arg_TARGET})
    endif()
    list(TRANSFORM arg_INCLUDES PREPEND "${PROJECT_SOURCE_DIR}/")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    list(TRANSFORM arg_EXCEPT PREPEND "${PROJECT_SOURCE_DIR}/${folder}/")
    list(REMOVE_ITEM sources ${arg_EXCEPT} "")
    if(NOT sources AND NOT folder STREQUAL schema) # schema always has its embedded SQL
        message(STATUS "${folder}: no sources yet")
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE ${arg_LINKS})
        target_include_directories(${target} INTERFACE ${arg_INCLUDES})
        return()
    endif()
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE satchel_flags)
    target_include_directories(${target} PUBLIC ${arg_INCLUDES})
endfunction()

# libsatchel.so: all of client-core, of which only the public API can be seen from outside.
# The header marks it with default visibility; the version script holds the rest back even if
# another header does the same.
function(satchel_shared_client)
    get_target_property(type satchel_client TYPE)
    if(NOT type STREQUAL STATIC_LIBRARY)
        return()
    endif()
    set(map "${PROJECT_SOURCE_DIR}/tools/cmake/libsatchel.map")
    add_library(satchel_shared SHARED "${PROJECT_SOURCE_DIR}/tools/cmake/empty.c")
    target_link_libraries(satchel_shared PRIVATE
        "$<LINK_LIBRARY:WHOLE_ARCHIVE,satchel_client>" satchel_flags)
    target_link_options(satchel_shared PRIVATE "-Wl,--version-script=${map}")
    set_target_properties(satchel_shared PROPERTIES
        OUTPUT_NAME satchel
        EXPORT_NAME satchel
        LINKER_LANGUAGE C
        LINK_DEPENDS "${map}"
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR})
endfunction()

# satchel_program(<name> FOLDER dir [EXCEPT file...] LINKS lib...)
# bin/<name> from all C sources in the folder but the files named; nothing while there are none.
function(satchel_program name)
    cmake_parse_arguments(arg "" "FOLDER" "EXCEPT;LINKS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${arg_FOLDER}/*.c")
    list(TRANSFORM arg_EXCEPT PREPEND "${PROJECT_SOURCE_DIR}/${arg_FOLDER}/")
    list(REMOVE_ITEM sources ${arg_EXCEPT} "")
    if(NOT sources)
        message(STATUS "${arg_FOLDER}: no sources yet")
        return()
    endif()
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE ${arg_LINKS} satchel_flags)
endfunction()
