#include <imgcls/core/descriptor.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/prepare/imagenet/journal.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

void append_synced(const fs::path& path, std::string_view text) {
  const Descriptor file(path, O_WRONLY | O_APPEND);
  const bool written =
      file.get() >= 0 &&
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file.get()) == 0;
  if (!written) {
    throw IoError(fmt::format("cannot add {} bytes to {}: {}", text.size(), path.string(),
                              std::generic_category().message(errno)));
  }
}

std::string text_at(const fs::path& path) {
  return fs::exists(path) ? read_text(path) : "";
}

}  // namespace

JournalEntries read_journal(const fs::path& path, std::string_view subject) {
  JournalEntries entries;
  const std::string text = text_at(path);
  std::string_view rest = text;
  for (std::size_t number = 0, end = 0; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1), ++number) {
    const std::string_view line = rest.substr(0, end);
    if (number == 0 && line != subject) return {};
    if (number == 0) continue;
    const std::size_t space = std::min(line.find(' '), line.size());
    entries[std::string(line.substr(0, space))] = line.substr(std::min(space + 1, line.size()));
  }
  return entries;
}

Journal::Journal(fs::path path, std::string subject)
    : path_(std::move(path)),
      subject_(std::move(subject)),
      goes_on_(text_at(path_).starts_with(subject_ + '\n')),
      entries_(read_journal(path_, subject_)) {
  // Anew, without a line that was cut off.
  std::string text = subject_ + '\n';
  for (const auto& [name, value] : entries_) text += fmt::format("{} {}\n", name, value);
  replace_file(path_, text);
}

void Journal::add(std::string_view name, std::string_view value) {
  append_synced(path_, fmt::format("{} {}\n", name, value));
  entries_[std::string(name)] = value;
}

void Journal::clear() {
  entries_.clear();
  replace_file(path_, subject_ + '\n');
}

}  // namespace imgcls::data
