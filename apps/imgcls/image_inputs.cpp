#include "image_inputs.h"

#include <imgcls/core/text.h>
#include <imgcls/data/folder_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <system_error>

namespace imgcls::cli {
namespace fs = std::filesystem;
void ImageInputs::add(const fs::path& input) {
  std::error_code error;
  if (fs::is_directory(input, error)) {
    add_folder(input);
  } else {
    files.push_back(input);
  }
}

void ImageInputs::add_lines(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.empty()) add(line);
  }
}

void ImageInputs::add_folder(const fs::path& folder) {
  const std::size_t files_before = files.size(), errors_before = errors.size();
  std::vector<fs::path> above;
  collect(folder, above);
  if (files.size() == files_before && errors.size() == errors_before) {
    errors.push_back(fmt::format("{} holds no image", folder.string()));
  }
  std::sort(std::next(files.begin(), static_cast<std::ptrdiff_t>(files_before)), files.end());
}

void ImageInputs::collect(const fs::path& folder, std::vector<fs::path>& above) {
  above.push_back(folder);
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  while (!error && entries != fs::directory_iterator()) {
    const fs::path& path = entries->path();
    std::error_code unknown;  // a link that leads nowhere, or to itself: a file that cannot be read
    const fs::file_status status = entries->status(unknown);
    if (fs::is_directory(status)) {
      const bool is_link = entries->is_symlink(unknown);
      if (const fs::path* back = is_link ? data::find_same(path, above) : nullptr) {
        errors.push_back(
            fmt::format("the link {} leads back to {}", path.string(), back->string()));
      } else {
        collect(path, above);
      }
    } else if ((fs::is_regular_file(status) || unknown || !fs::exists(status)) &&
               data::is_image_name(path.filename().string())) {
      files.push_back(path);
    }
    entries.increment(error);
  }
  if (error) {
    errors.push_back(fmt::format("cannot list {}: {}", folder.string(), error.message()));
  }
  above.pop_back();
}

}  // namespace imgcls::cli
