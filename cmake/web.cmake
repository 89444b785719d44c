# The study browser: Vite builds src/web from npm packages, and the result is embedded. Done again only
# when its sources or packages change.

function(lightbox_web library)
  find_program(NODE node REQUIRED)
  find_program(NPM npm REQUIRED)
  set(packages ${CMAKE_SOURCE_DIR}/node_modules/.package-lock.json)
  add_custom_command(
    OUTPUT ${packages}
    COMMAND ${CMAKE_COMMAND} -E env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 ${NPM} ci
    COMMAND ${CMAKE_COMMAND} -E touch ${packages}
    DEPENDS ${CMAKE_SOURCE_DIR}/package.json ${CMAKE_SOURCE_DIR}/package-lock.json
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Installing npm packages")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/web/app/* src/web/public/*)
  set(pack ${CMAKE_BINARY_DIR}/web.pack)
  add_custom_command(
    OUTPUT ${pack}
    COMMAND ${NODE} src/web/build.mjs ${pack}
    DEPENDS ${sources} ${packages} src/web/index.html src/web/build.mjs src/web/vite.config.js
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Building the study browser")
  set(assembly ${CMAKE_BINARY_DIR}/web_pack.s)
  file(CONFIGURE OUTPUT ${assembly} CONTENT ".section .rodata
.global embedded_web_pack
.global embedded_web_pack_end
embedded_web_pack:
.incbin \"${pack}\"
embedded_web_pack_end:
.byte 0
.section .note.GNU-stack,\"\",@progbits
")
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${pack} COMPILE_OPTIONS "-Wno-error")
  add_library(${library}_embedded OBJECT ${assembly})
  target_link_libraries(${library} PUBLIC $<TARGET_OBJECTS:${library}_embedded>)
endfunction()
