#pragma once
// What an interrupted run has done, a line for each part. Internal to imgcls::data.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace imgcls::data {

/// Names and values, as a journal has them.
using JournalEntries = std::map<std::string, std::string, std::less<>>;

/// What the journal at `path` holds; nothing where there is none, or its first line is not
/// `subject`. Throws IoError.
JournalEntries read_journal(const std::filesystem::path& path, std::string_view subject);

/// A file of lines "NAME VALUE" that only grows. A line counts once it is on the disk with its line
/// break, so that half of one, left by a process that was killed, does not.
class Journal {
 public:
  /// Goes on with the journal at `path` where its first line is `subject`, else begins a new one.
  /// Throws IoError, as all members do.
  Journal(std::filesystem::path path, std::string subject);

  /// Whether there was a journal to go on with.
  bool goes_on() const { return goes_on_; }
  const JournalEntries& entries() const { return entries_; }

  /// Adds a line, and has it on the disk. Neither name nor value may hold a line break, nor the
  /// name a space.
  void add(std::string_view name, std::string_view value);
  /// Forgets all parts.
  void clear();

 private:
  std::filesystem::path path_;
  std::string subject_;
  bool goes_on_;
  JournalEntries entries_;
};

}  // namespace imgcls::data
