#pragma once
// A .wandb file that grows at its end, and is cut when a run goes on from an earlier step.

#include <imgcls/log/append_file.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace imgcls::report {

/// Records one behind the other, each of a kind.
class WandbFile {
 public:
  /// Whether a record is kept, after its kind (its field in the message Record) and its message.
  using Keep = std::function<bool(int kind, std::string_view message)>;

  /// Opens `path`, which is made where it is absent. Removed are the first record that `keep`
  /// refuses, all after it, and what a killed process left half-written. Throws IoError.
  WandbFile(const std::filesystem::path& path, const Keep& keep);

  /// Adds a record, to be written by the next `flush`.
  void add(int kind, std::string_view message);
  /// Hands what was added to the system in one write. Throws IoError; the next one tries again.
  void flush() { file_->write(); }

 private:
  void append(std::string_view bytes);

  std::int64_t records_ = 0;
  std::uint64_t size_ = 0;  // with what is not written yet
  std::unique_ptr<AppendFile> file_;
};

}  // namespace imgcls::report
