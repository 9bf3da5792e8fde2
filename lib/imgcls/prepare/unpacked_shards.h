#pragma once
// A folder of tar files of which some are packed, as one of plain ones. Internal to imgcls::data.

#include <imgcls/prepare/make_index.h>

#include <filesystem>
#include <optional>
#include <string>

namespace imgcls::data {

/// The folder to read instead of `folder`: itself, where its tar files are plain, else `work`, into
/// which packed ones are unpacked, `threads` at a time, and to plain ones and classes.txt there are
/// links. What is there already and newer is kept. Nothing where `go_on` has said no. Throws
/// IoError, and DataError where a file cannot be unpacked, two become one, or some lie in
/// subfolders.
std::optional<std::filesystem::path> unpacked_shards(const std::filesystem::path& folder,
                                                     const std::filesystem::path& work, int threads,
                                                     const GoOn& go_on);

/// A message about a tar file in `work`, with the name of the file in `folder` that it is.
std::string with_origin(const std::string& message, const std::filesystem::path& folder,
                        const std::filesystem::path& work);

}  // namespace imgcls::data
