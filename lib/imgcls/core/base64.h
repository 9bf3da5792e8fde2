#pragma once
// Bytes as text, for the data: URIs of pages.

#include <cstddef>
#include <span>
#include <string>

namespace imgcls {

/// RFC 4648's base64, with padding and without line breaks.
std::string base64(std::span<const std::byte> bytes);

}  // namespace imgcls
