# Every test is one ctest test, named <label>/<folder>/<name> after the file it comes from:
#   tests/unit/<layer>/test_*.c   cmocka, links that layer
#   tests/fault/test_*.c          cmocka, links both sides
#   tests/e2e/test_*.py           real programs, found through SATCHEL_BIN
#   tests/sim/*.c                 bin/satchel-sim: the whole engine in one thread, by seeds
#   tests/sim/schema              and bin/sim-satchel, bin/sim-satcheld: the real programs over its domain
#   tests/fuzz/fuzz_*.c           a fuzz target each; here they replay tests/fuzz/corpus/
#   tests/forge/*.c               bin/satchel-forge, for the tests that play a hostile device
#   tests/browser/*.test.mjs      pages in Chromium, on real programs; pages.mjs: every page pictured and checked
#   tools/app/test/*.test.mjs     modules of the web application
#   tests/console/*.c             bin/satchel-console, for the tests of the interface over HTTP
#   api/exports                   libsatchel.so shows its public API and nothing else
#   tools/lint/test_*.py          the checks of tools/lint do find what they look for

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(test_environment
    "SATCHEL_BIN=${PROJECT_BINARY_DIR}/bin"
    "SATCHEL_LIB=${PROJECT_BINARY_DIR}/lib"
    "PYTHONDONTWRITEBYTECODE=1")
if(SATCHEL_SANITIZE)
    list(APPEND test_environment
        "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tools/cmake/tsan.supp")
    find_program(SATCHEL_SYMBOLIZER NAMES llvm-symbolizer llvm-symbolizer-14)
    mark_as_advanced(SATCHEL_SYMBOLIZER)
    if(SATCHEL_SYMBOLIZER)
        list(APPEND test_environment "ASAN_SYMBOLIZER_PATH=${SATCHEL_SYMBOLIZER}")
    endif()
endif()

# Seconds for a test in C; sanitizers take their time.
set(test_timeout 120)
if(SATCHEL_SANITIZE)
    set(test_timeout 600)
endif()

# Helpers for all C tests, when there are any.
file(GLOB support_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
if(support_sources)
    add_library(satchel_test_support STATIC ${support_sources})
    target_link_libraries(satchel_test_support
        PUBLIC satchel_schema PkgConfig::CMOCKA PRIVATE satchel_flags)
    set_target_properties(satchel_test_support PROPERTIES SATCHEL_TEST ON)
endif()

# What makes the libraries fail for tests that ask for it, one function each; only those that are used are linked.
file(GLOB failing_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/failing/*.c")
add_library(satchel_failing STATIC ${failing_sources})
target_link_libraries(satchel_failing PRIVATE satchel_flags)
target_link_options(satchel_failing INTERFACE
    "LINKER:--wrap=realloc,--wrap=sodium_init,--wrap=ZSTD_compress,--wrap=ZSTD_decompress,--wrap=msgpack_zone_new,--wrap=pwrite")

# satchel_c_tests(<folder below tests/> LABEL label LINKS lib...)
function(satchel_c_tests folder)
    cmake_parse_arguments(arg "" "LABEL" "LINKS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${folder}/test_*.c")
    foreach(source IN LISTS sources)
        cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests"
            OUTPUT_VARIABLE name)
        string(REGEX REPLACE "/test_([^/]*)\\.c$" "/\\1" name "${name}")
        string(REPLACE "/" "-" target "test-${name}")
        add_executable(${target} "${source}")
        set_target_properties(${target} PROPERTIES
            SATCHEL_TEST ON
            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
        target_compile_definitions(${target} PRIVATE
            SATCHEL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
        if(TARGET satchel_test_support)
            target_link_libraries(${target} PRIVATE satchel_test_support)
        endif()
        target_link_libraries(${target} PRIVATE ${arg_LINKS} PkgConfig::CMOCKA satchel_flags)
        add_test(NAME ${name} COMMAND ${target})
        set_tests_properties(${name} PROPERTIES
            LABELS ${arg_LABEL} TIMEOUT ${test_timeout} ENVIRONMENT "${test_environment}")
    endforeach()
endfunction()

# satchel_python_tests(<folder> LABEL label TIMEOUT seconds PROCESSORS n)
function(satchel_python_tests folder)
    cmake_parse_arguments(arg "" "LABEL;TIMEOUT;PROCESSORS" "" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/test_*.py")
    foreach(source IN LISTS sources)
        string(REGEX REPLACE ".*/test_([^/]*)\\.py$" "${arg_LABEL}/\\1" name "${source}")
        add_test(NAME ${name} COMMAND Python3::Interpreter "${source}")
        set_tests_properties(${name} PROPERTIES
            LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS}
            ENVIRONMENT "${test_environment}")
    endforeach()
endfunction()

satchel_c_tests(unit/schema LABEL unit LINKS satchel_schema satchel_failing)
satchel_c_tests(unit/sync LABEL unit LINKS satchel_sync satchel_schema satchel_failing)
satchel_c_tests(unit/client-core LABEL unit LINKS satchel_client)
if(SATCHEL_WASM)
    return()
endif()
satchel_c_tests(unit/server LABEL unit LINKS satchel_server)
satchel_c_tests(unit/web LABEL unit LINKS satchel_web)

# All of the command line but its main, so that its parts can be tested one by one.
file(GLOB cli_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/satchel/*.c")
list(FILTER cli_sources EXCLUDE REGEX "/(main|json)\\.c$")
if(cli_sources)
    add_library(satchel_cli STATIC EXCLUDE_FROM_ALL ${cli_sources})
    target_link_libraries(satchel_cli PUBLIC satchel_web satchel_words satchel_client ${SATCHEL_LIBCSV} PRIVATE satchel_flags)
    satchel_c_tests(unit/tools LABEL unit LINKS satchel_cli)
endif()

# What the tests of faults share, and the calls to the C library that go to disks in memory (tests/support/disk_libc.c).
file(GLOB fault_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fault/*.c")
list(FILTER fault_sources EXCLUDE REGEX "/test_[^/]*$")
add_library(satchel_fault STATIC EXCLUDE_FROM_ALL ${fault_sources})
target_link_libraries(satchel_fault
    PUBLIC satchel_test_support satchel_client satchel_server PRIVATE satchel_flags)
set_target_properties(satchel_fault PROPERTIES SATCHEL_TEST ON)
foreach(call open close read write pread pwrite ftruncate fsync flock stat lstat fstat access chmod statvfs
        mkdir rmdir unlink rename opendir readdir closedir fopen fileno)
    target_link_options(satchel_fault INTERFACE "LINKER:--wrap=${call}")
endforeach()
# What counts branches makes such calls itself, which must go to the real disk; it counts what unit tests take.
if(NOT SATCHEL_COVERAGE)
    satchel_c_tests(fault LABEL fault LINKS satchel_fault satchel_client satchel_server)
    # They try their points in as many processes as there are processors.
    set_tests_properties(fault/allocation fault/calls fault/power PROPERTIES TIMEOUT 900 PROCESSORS 2)
endif()

# satchel_fuzz_target(<name> LINKS lib...)
# tests/fuzz-<name>: in the preset `fuzz` with libFuzzer and a mutator that knows MessagePack, else with a
# main that replays files, and a test that does so with the corpus.
function(satchel_fuzz_target name)
    cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
    set(folder "${PROJECT_SOURCE_DIR}/tests/fuzz")
    set(target "fuzz-${name}")
    if(SATCHEL_SANITIZE MATCHES "fuzzer")
        add_executable(${target} "${folder}/fuzz_${name}.c" "${folder}/mutate.c")
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${target} "${folder}/fuzz_${name}.c" "${folder}/replay.c")
        add_test(NAME fuzz/corpus-${name}
            COMMAND ${target} "${folder}/corpus/${name}")
        set_tests_properties(fuzz/corpus-${name} PROPERTIES
            LABELS fuzz TIMEOUT 300 ENVIRONMENT "${test_environment}")
    endif()
    set_target_properties(${target} PROPERTIES
        SATCHEL_TEST ON
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_compile_definitions(${target} PRIVATE SATCHEL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE
        satchel_test_support ${arg_LINKS} satchel_flags)
endfunction()

set(fuzz_csv_links satchel_cli)
set(fuzz_json_links satchel_client)
set(fuzz_route_links satchel_server)
file(GLOB fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.c")
foreach(source IN LISTS fuzz_sources)
    string(REGEX REPLACE ".*/fuzz_([^/]*)\\.c$" "\\1" name "${source}")
    if(NOT DEFINED fuzz_${name}_links)
        set(fuzz_${name}_links satchel_sync)
    endif()
    satchel_fuzz_target(${name} LINKS ${fuzz_${name}_links})
endforeach()

satchel_program(satchel-sim FOLDER tests/sim LINKS satchel_test_support satchel_client satchel_server)
satchel_embed_sql(satchel-sim tests/sim/schema NAME sim_file)
set_target_properties(satchel-sim PROPERTIES SATCHEL_TEST ON)
add_test(NAME sim/model COMMAND satchel-sim --play model --seeds 25 --from 1 --operations 1000)
add_test(NAME sim/domain COMMAND satchel-sim --play domain --seeds 30 --from 1 --operations 400)
add_test(NAME sim/same COMMAND "${CMAKE_COMMAND}" "-DSIM=$<TARGET_FILE:satchel-sim>"
    -P "${PROJECT_SOURCE_DIR}/tests/sim/same.cmake")
set_tests_properties(sim/model sim/domain sim/same PROPERTIES
    LABELS sim TIMEOUT 600 ENVIRONMENT "${test_environment}")

# bin/sim-<program>: the same program over the simulator's domain, which has what ours has not (a stock that is added up).
# Its own table of files goes before that of the library.
add_library(satchel_sim_domain OBJECT)
satchel_embed_sql(satchel_sim_domain tests/sim/schema FILE sim_domain WITH tables/engine.sql)
target_link_libraries(satchel_sim_domain PRIVATE satchel_flags)
foreach(program satchel satcheld)
    get_target_property(links ${program} LINK_LIBRARIES)
    add_executable(sim-${program}
        $<TARGET_OBJECTS:${program}> $<TARGET_OBJECTS:satchel_sim_domain>)
    target_link_libraries(sim-${program} PRIVATE ${links})
    set_target_properties(sim-${program} PROPERTIES LINKER_LANGUAGE C)
endforeach()

satchel_program(satchel-forge FOLDER tests/forge LINKS satchel_sync)
satchel_program(satchel-console FOLDER tests/console LINKS satchel_web)
if(TARGET satcheld OR TARGET satchel)
    # Each starts a server and several stations, and mostly waits for them.
    satchel_python_tests(tests/e2e LABEL e2e TIMEOUT 600 PROCESSORS 1)
endif()

# satchel_node_tests(<folder> LABEL label TIMEOUT seconds PROCESSORS n)
function(satchel_node_tests folder)
    cmake_parse_arguments(arg "" "LABEL;TIMEOUT;PROCESSORS" "" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.test.mjs")
    foreach(source IN LISTS sources)
        string(REGEX REPLACE ".*/([^/]*)\\.test\\.mjs$" "${arg_LABEL}/\\1" name "${source}")
        add_test(NAME ${name} COMMAND "${SATCHEL_NODE}" --test "${source}")
        set_tests_properties(${name} PROPERTIES
            LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS}
            ENVIRONMENT "${test_environment}")
    endforeach()
endfunction()
if(NOT SATCHEL_SANITIZE)
    satchel_node_tests(tools/app/test LABEL app TIMEOUT 60 PROCESSORS 1)
    satchel_node_tests(tests/browser LABEL browser TIMEOUT 600 PROCESSORS 2)
    add_test(NAME browser/pages COMMAND "${SATCHEL_NODE}"
        "${PROJECT_SOURCE_DIR}/tests/browser/pages.mjs" "${PROJECT_BINARY_DIR}/screenshots")
    set_tests_properties(browser/pages PROPERTIES
        LABELS browser TIMEOUT 900 PROCESSORS 2 ENVIRONMENT "${test_environment}")
endif()
satchel_python_tests(tools/lint LABEL lint TIMEOUT 60 PROCESSORS 1)

if(TARGET satchel_shared AND NOT SATCHEL_SANITIZE) # sanitizers export names of their own
    add_test(NAME api/exports COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}"
        "-DLIBRARY=$<TARGET_FILE:satchel_shared>"
        -P "${PROJECT_SOURCE_DIR}/tools/cmake/check_exports.cmake")
    set_tests_properties(api/exports PROPERTIES LABELS api)
endif()
