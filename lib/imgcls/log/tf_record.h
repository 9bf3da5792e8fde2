#pragma once
// TFRecord, the framing of TensorBoard's event files: for each record its length (8 bytes, little
// endian), the length's masked CRC-32C, the bytes, and their masked CRC-32C.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace imgcls::report {

/// `bytes` as a record.
std::string tf_record(std::string_view bytes);

/// Takes the first record off `file`. Nothing where it is not whole or its checksums are wrong:
/// what a killed process leaves at the end.
std::optional<std::string_view> next_tf_record(std::string_view& file);

}  // namespace imgcls::report
