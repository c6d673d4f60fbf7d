# What `cpack` makes in a build tree: Debian packages, one for each component of tools/cmake/Install.cmake.
# tools/package is the command that does it all.

set(SATCHEL_VERSION_SUFFIX "" CACHE STRING "Behind the version of the packages, as in 0.1.0+SUFFIX")
set(packaging "${PROJECT_SOURCE_DIR}/tools/packaging")

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL server client library development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_NAME satchel)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The Satchel maintainers <maintainers@satchel.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS "${packaging}/same_times.cmake")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(version "${PROJECT_VERSION}")
if(SATCHEL_VERSION_SUFFIX)
    string(APPEND version "+${SATCHEL_VERSION_SUFFIX}")
endif()
set(CPACK_DEBIAN_PACKAGE_VERSION "${version}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SOURCE satchel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

# satchel_package(<component> <name> <section> <title> <description> [NAME value]...): a package; the rest sets
# further CPACK_DEBIAN_<COMPONENT>_PACKAGE_* of CPack's. A macro: CPack reads these as variables.
macro(satchel_package component name section title description)
    string(TOUPPER "${component}" upper)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME "${name}")
    set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION "${section}")
    set(CPACK_COMPONENT_${upper}_DESCRIPTION "${title}\n${description}")
    set(arguments ${ARGN})
    while(arguments)
        list(POP_FRONT arguments key value)
        set(CPACK_DEBIAN_${upper}_PACKAGE_${key} "${value}")
    endwhile()
endmacro()

satchel_package(server satcheld net "sync server of an offline-first sales system"
    "Headquarters' side of Satchel: takes what stations did while they were offline, merges it, and
hands out to each station what its people may see."
    DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles"
    SUGGESTS "satchel, haproxy")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    "${packaging}/satcheld/postinst" "${packaging}/satcheld/prerm" "${packaging}/satcheld/postrm"
    "${packaging}/satcheld/conffiles")

satchel_package(client satchel misc "sales system that works without a network"
    "A salesperson's station: customers, opportunities and follow-up in a local database, on the
command line and as pages for phone and desktop; in step with headquarters when there is a network."
    RECOMMENDS "ca-certificates, xdg-utils")

set(library libsatchel${PROJECT_VERSION_MAJOR})
satchel_package(library ${library} libs "offline-first sales station as a library"
    "Everything that a station of Satchel does, behind a C API: a local database, commands, queries,
and synchronisation with headquarters."
    RECOMMENDS ca-certificates)

satchel_package(development libsatchel-dev libdevel "offline-first sales station as a library: for development"
    "The header of libsatchel, and what pkg-config and CMake need to find it."
    DEPENDS "${library} (= ${version})")

include(CPack)
