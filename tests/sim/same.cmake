# The same seed tells the same story, whatever was played before it in the same process.
#   cmake -DSIM=bin/satchel-sim -P same.cmake

function(play from seeds ret)
    execute_process(
        COMMAND "${SIM}" --from ${from} --seeds ${seeds} --operations 200 --hashes
        OUTPUT_VARIABLE text RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${text}")
    endif()
    string(REGEX MATCH "seed 12: [^\n]*hash [0-9a-f]*" line "${text}")
    if(line STREQUAL "")
        message(FATAL_ERROR "no hash in: ${text}")
    endif()
    set(${ret} "${line}" PARENT_SCOPE)
endfunction()

play(12 1 alone)
play(10 3 third)
if(NOT alone STREQUAL third)
    message(FATAL_ERROR "alone: ${alone}\nafter others: ${third}")
endif()
message(STATUS "${alone}")
