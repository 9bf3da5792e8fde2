#pragma once
// The images that a command line names: files, folders of them, lists of them.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::cli {

struct ImageInputs {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> errors;  ///< of what could not be looked into, each naming it

  /// Adds a file, or those in a folder and below it, sorted; links to folders are followed. A file
  /// that is not there is added as well: whoever reads it says so.
  void add(const std::filesystem::path& input);

  /// Adds what each line of `text` names.
  void add_lines(std::string_view text);

 private:
  void add_folder(const std::filesystem::path& folder);
  /// `above` are the folders on the way to `folder`, for links that lead back.
  void collect(const std::filesystem::path& folder, std::vector<std::filesystem::path>& above);
};

}  // namespace imgcls::cli
