# How Satchel's own code is compiled: every target of ours links satchel_flags, privately.
# Third-party code does not.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(THREADS_PREFER_PTHREAD_FLAG ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

# Assertions stay on in every build: no NDEBUG anywhere.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")

include(CheckPIESupported)
check_pie_supported()

find_program(SATCHEL_CCACHE ccache)
mark_as_advanced(SATCHEL_CCACHE)
if(SATCHEL_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${SATCHEL_CCACHE}")
endif()

add_library(satchel_flags INTERFACE)
target_include_directories(satchel_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(satchel_flags INTERFACE
    _POSIX_C_SOURCE=200809L
    _DEFAULT_SOURCE
    # The library is built with sessions, but its header hides them without these two.
    SQLITE_ENABLE_SESSION
    SQLITE_ENABLE_PREUPDATE_HOOK
    SATCHEL_VERSION="${PROJECT_VERSION}")
target_compile_options(satchel_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -fvisibility=hidden
    # cmocka gives every test an argument that few of them need.
    $<$<BOOL:$<TARGET_PROPERTY:SATCHEL_TEST>>:-Wno-unused-parameter>)
if(SATCHEL_WERROR)
    target_compile_options(satchel_flags INTERFACE -Werror)
endif()

if(SATCHEL_SANITIZE)
    add_compile_options(-fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SATCHEL_SANITIZE})
    target_compile_options(satchel_flags INTERFACE
        -fsanitize=${SATCHEL_SANITIZE} -fno-sanitize-recover=all)
elseif(SATCHEL_COVERAGE)
    add_link_options(--coverage)
    target_compile_options(satchel_flags INTERFACE --coverage -fprofile-abs-path)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL Debug AND NOT EMSCRIPTEN)
    # Needs optimisation, and hides the checked functions from the sanitizers.
    add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(NOT EMSCRIPTEN) # whose stacks no pointer can reach, and which knows no dynamic linker
    target_compile_options(satchel_flags INTERFACE -fstack-protector-strong)
    add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()
