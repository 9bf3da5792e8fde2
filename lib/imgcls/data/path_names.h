#pragma once
// Names that files may have in an index or an archive. Internal to imgcls::data.

#include <string_view>

namespace imgcls::data {

/// Whether `name` is a relative path that stays below the folder it is taken from: not empty, at
/// most 4096 bytes, no zero byte, and no part that is empty, "." or "..".
bool is_safe_name(std::string_view name);

}  // namespace imgcls::data
