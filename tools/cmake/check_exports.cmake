# Fails unless LIBRARY exports something, and nothing but satchel_*.

execute_process(COMMAND "${NM}" -D --defined-only --format=posix "${LIBRARY}"
    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${output}")
set(good 0)
foreach(line IN LISTS lines)
    string(REGEX REPLACE " .*" "" name "${line}")
    if(name MATCHES "^satchel_")
        math(EXPR good "${good} + 1")
    else()
        message(SEND_ERROR "exported, but not part of the API: ${name}")
    endif()
endforeach()
if(good EQUAL 0)
    message(SEND_ERROR "nothing is exported: satchel.h gives its functions default visibility")
endif()
message(STATUS "${good} functions exported")
