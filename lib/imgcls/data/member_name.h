#pragma once
// Names of a tar file's members as WebDataset's reader takes them apart (its tariterators.py).
// Internal to imgcls::data.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// "a/b.left.JPG" has the key "a/b" and the extension "left.jpg": the key ends before the first dot
/// behind the last slash, the extension is in lower case.
struct MemberName {
  std::string_view key;  ///< a part of the name
  std::string extension;
};

/// Whether what a part of a path is called so is passed over: it begins with a dot (AppleDouble's
/// "._b.jpg"), or is "__MACOSX".
bool belongs_to_no_sample(std::string_view part);

/// Nothing for a member that belongs to no sample: whose name has no dot, or such a part, or begins
/// with a part like "__meta__".
std::optional<MemberName> split_member_name(std::string_view name);

/// The extensions that an image key stands for: "JPG;png" is jpg, then png.
std::vector<std::string> image_extensions(std::string_view image_key);

}  // namespace imgcls::data
