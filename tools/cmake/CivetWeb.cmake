# The target "civetweb": CivetWeb with HTTPS, IPv6, WebSockets and compressed answers.
#
# Debian's binary package wants a symbol that OpenSSL 3 lacks, has no IPv6, and gives its threads
# 100 KiB of stack. So it is built from Debian's *source* package, which tools/setup fetches. Where
# the installed library is sound, -DSATCHEL_CIVETWEB=system takes that one.

if(SATCHEL_CIVETWEB STREQUAL system)
    find_path(SATCHEL_CIVETWEB_INCLUDE civetweb.h REQUIRED)
    find_library(SATCHEL_CIVETWEB_LIBRARY civetweb REQUIRED)
    add_library(civetweb INTERFACE)
    target_include_directories(civetweb SYSTEM INTERFACE "${SATCHEL_CIVETWEB_INCLUDE}")
    target_link_libraries(civetweb INTERFACE "${SATCHEL_CIVETWEB_LIBRARY}" Threads::Threads)
    # The server then offers plain HTTP, and on loopback only unless it is told otherwise.
    target_compile_definitions(civetweb INTERFACE SATCHEL_CIVETWEB_SYSTEM)
elseif(SATCHEL_CIVETWEB STREQUAL source)
    if(NOT EXISTS "${SATCHEL_CIVETWEB_DIR}/src/civetweb.c")
        message(FATAL_ERROR
            "CivetWeb's source is not in ${SATCHEL_CIVETWEB_DIR}.\n"
            "Run tools/setup to fetch it, or use -DSATCHEL_CIVETWEB=system.")
    endif()
    pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)

    # The public header only is copied out, so that nobody includes the rest by accident.
    configure_file("${SATCHEL_CIVETWEB_DIR}/include/civetweb.h"
        "${PROJECT_BINARY_DIR}/civetweb/include/civetweb.h" COPYONLY)
    add_library(civetweb STATIC "${SATCHEL_CIVETWEB_DIR}/src/civetweb.c")
    target_include_directories(civetweb SYSTEM
        PUBLIC "${PROJECT_BINARY_DIR}/civetweb/include")
    # USE_* also change the public header's structures and must be seen by its users.
    target_compile_definitions(civetweb
        PUBLIC USE_WEBSOCKET USE_IPV6 USE_ZLIB USE_SERVER_STATS
        # SOCKET_TIMEOUT_QUANTUM: how long a shutdown may go unnoticed, in ms.
        PRIVATE OPENSSL_API_3_0 NO_SSL_DL NO_CGI USE_STACK_SIZE=2097152 SOCKET_TIMEOUT_QUANTUM=200)
    target_compile_options(civetweb PRIVATE -w -fstack-protector-strong)
    if(SATCHEL_SANITIZE MATCHES "address|thread")
        # Its memory and its races are our business, its arithmetic is not.
        target_compile_options(civetweb PRIVATE -fsanitize=${CMAKE_MATCH_0})
    endif()
    target_link_libraries(civetweb
        PRIVATE PkgConfig::OPENSSL PkgConfig::ZLIB ${CMAKE_DL_LIBS} Threads::Threads)
else()
    message(FATAL_ERROR "SATCHEL_CIVETWEB is \"source\" or \"system\", not \"${SATCHEL_CIVETWEB}\".")
endif()
