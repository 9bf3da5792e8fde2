#include <imgcls/core/error_text.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

namespace imgcls {

std::string error_text(const std::exception& error) {
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return fmt::format("cannot use {}: {}", files->path1().string(), files->code().message());
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  if (system != nullptr && system->code() == std::errc::resource_unavailable_try_again) {
    // What std::thread throws; it knows no more.
    return "the system starts no more threads: ask for fewer (data.threads, --threads), or raise "
           "its limits (ulimit -u, a container's pids.max)";
  }
  // c10::Error's own `what_without_backtrace` is out of reach here.
  const std::string_view text = error.what();
  // LibTorch's, of ordinary memory: a line of its source, a condition, and at the end the figure.
  constexpr std::string_view kAsked = "you tried to allocate ";
  if (const std::size_t at = text.find(kAsked); at != std::string_view::npos) {
    const std::string_view rest = text.substr(at + kAsked.size());
    return fmt::format(
        "there is not enough memory: {} bytes were asked for at once; a smaller model "
        "(model.width), smaller images or batches need less",
        rest.substr(0, rest.find(' ')));
  }
  const std::size_t frames =
      std::min(text.find("\nException raised from "), text.find("\nframe #0: "));
  return std::string(text.substr(0, frames));
}

}  // namespace imgcls
