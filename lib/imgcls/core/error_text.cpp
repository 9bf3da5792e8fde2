#include <imgcls/core/error_text.h>

#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <string_view>

namespace imgcls {

std::string error_text(const std::exception& error) {
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return fmt::format("cannot use {}: {}", files->path1().string(), files->code().message());
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
  // c10::Error's own `what_without_backtrace` is out of reach here.
  const std::string_view text = error.what();
  const std::size_t frames = text.find("\nException raised from ");
  return std::string(text.substr(0, frames));
}

}  // namespace imgcls
