#include "print.h"

#include <imgcls/core/error.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace imgcls::cli {

void print_text(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() || errno == EPIPE) return;
  throw IoError("cannot write to standard output: " + std::generic_category().message(errno));
}

}  // namespace imgcls::cli
