# The warnings every file of the project is compiled with. Third-party headers are system headers.
add_library(imgcls_warnings INTERFACE)
target_compile_options(imgcls_warnings INTERFACE -Wall -Wextra -Wpedantic)
if(IMGCLS_WERROR)
  target_compile_options(imgcls_warnings INTERFACE -Werror)
endif()
