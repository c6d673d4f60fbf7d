# What `cmake --install` puts where, and what the packages are made of (tools/cmake/Packages.cmake): one
# component for each package.
#
#   server       satcheld, its unit, configuration, user and folder
#   client       satchel with its pages, its entry in the desktop's menu
#   library      libsatchel.so
#   development  satchel.h, pkg-config and CMake files

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(packaging "${PROJECT_SOURCE_DIR}/tools/packaging")
set(generated "${PROJECT_BINARY_DIR}/generated/install")
set(SATCHEL_STATE_FOLDER /var/lib/satchel) # what systemd makes of the unit's StateDirectory

# satchel_install_text(<component> <source> <destination> <name>): a text with this build's paths in it.
function(satchel_install_text component source destination name)
    configure_file("${packaging}/${source}" "${generated}/${source}" @ONLY)
    install(FILES "${generated}/${source}" DESTINATION "${destination}" RENAME "${name}"
        COMPONENT ${component})
endfunction()

# satchel_make(<output> COMMAND... DEPENDS...): a file that a command makes with every build.
set(made)
function(satchel_make output)
    add_custom_command(OUTPUT "${output}" ${ARGN} VERBATIM)
    set(made ${made} "${output}" PARENT_SCOPE)
endfunction()

# satchel_install_manual(<component> <source> <section>)
macro(satchel_install_manual component source section)
    configure_file("${packaging}/${source}.in" "${generated}/${source}" @ONLY)
    satchel_make("${generated}/${source}.gz"
        COMMAND gzip -9nkf "${generated}/${source}"
        DEPENDS "${generated}/${source}")
    install(FILES "${generated}/${source}.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}"
        COMPONENT ${component})
endmacro()

# satchel_install_papers(<component> <package> [arguments of copyright.py...]): copyright and changes.
macro(satchel_install_papers component package)
    satchel_make("${generated}/${package}.copyright"
        COMMAND python3 "${packaging}/copyright.py" "${packaging}/copyright"
                "${generated}/${package}.copyright" ${ARGN}
        DEPENDS "${packaging}/copyright" "${packaging}/copyright.py"
                "${PROJECT_SOURCE_DIR}/tools/app/package-lock.json")
    install(FILES "${generated}/${package}.copyright" RENAME copyright
        DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package}" COMPONENT ${component})
    install(FILES "${generated}/changelog.gz"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package}" COMPONENT ${component})
endmacro()

configure_file("${packaging}/changelog" "${generated}/changelog" COPYONLY)
satchel_make("${generated}/changelog.gz"
    COMMAND gzip -9nkf "${generated}/changelog" DEPENDS "${generated}/changelog")

set(built_in_civetweb)
if(SATCHEL_CIVETWEB STREQUAL source)
    set(built_in_civetweb --civetweb "${SATCHEL_CIVETWEB_DIR}")
endif()
set(built_in_app --app "${PROJECT_SOURCE_DIR}/tools/app")

# --- the server -------------------------------------------------------------------------------------
install(TARGETS satcheld COMPONENT server)
satchel_install_text(server satcheld/satcheld.service.in lib/systemd/system satcheld.service)
satchel_install_text(server satcheld/sysusers.conf.in lib/sysusers.d satcheld.conf)
satchel_install_text(server satcheld/tmpfiles.conf.in lib/tmpfiles.d satcheld.conf)
satchel_install_text(server satcheld/satcheld.conf.in "${CMAKE_INSTALL_FULL_SYSCONFDIR}/satchel"
    satcheld.conf)
install(FILES "${packaging}/satcheld/completion.bash" RENAME satcheld
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT server)
satchel_install_manual(server satcheld/satcheld.8 8)
satchel_install_papers(server satcheld ${built_in_civetweb} ${built_in_app})

# --- a station --------------------------------------------------------------------------------------
install(TARGETS satchel COMPONENT client)
install(FILES "${packaging}/satchel/satchel.desktop"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/applications" COMPONENT client)
install(FILES "${PROJECT_SOURCE_DIR}/tools/app/public/icon.svg" RENAME satchel.svg
    DESTINATION "${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps" COMPONENT client)
install(FILES "${packaging}/satchel/completion.bash" RENAME satchel
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT client)
satchel_install_manual(client satchel/satchel.1 1)
satchel_install_papers(client satchel ${built_in_civetweb} ${built_in_app})

# --- a station as a library -------------------------------------------------------------------------
set(cmake_folder "${CMAKE_INSTALL_LIBDIR}/cmake/satchel")
install(TARGETS satchel_shared EXPORT satchelTargets
    LIBRARY COMPONENT library NAMELINK_COMPONENT development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/client-core/include/satchel.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
install(EXPORT satchelTargets NAMESPACE satchel:: DESTINATION "${cmake_folder}"
    COMPONENT development)
configure_package_config_file("${packaging}/libsatchel/satchelConfig.cmake.in"
    "${generated}/satchelConfig.cmake" INSTALL_DESTINATION "${cmake_folder}")
write_basic_package_version_file("${generated}/satchelConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${generated}/satchelConfig.cmake" "${generated}/satchelConfigVersion.cmake"
    DESTINATION "${cmake_folder}" COMPONENT development)
satchel_install_text(development libsatchel/satchel.pc.in "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    satchel.pc)
satchel_install_papers(library libsatchel${PROJECT_VERSION_MAJOR})
satchel_install_papers(development libsatchel-dev)

add_custom_target(papers ALL DEPENDS ${made})
