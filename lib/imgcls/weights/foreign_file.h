#pragma once
// Files that are mistaken for files of weights. Internal to imgcls::weights.

#include <imgcls/core/byte_source.h>

#include <string>

namespace imgcls::weights {

/// What a file that holds no weights seems to be, and what to do: "a web page: ...". By its first
/// bytes; where these say nothing, that is said.
std::string describe_foreign(const ByteSource& file);

}  // namespace imgcls::weights
