#pragma once
// The elements that MAT-files of version 5 consist of: a type, a size, bytes. Internal to
// imgcls::data.

#include <imgcls/core/error.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

enum MatType : std::uint32_t {
  kInt8 = 1,
  kUint8 = 2,
  kInt16 = 3,
  kUint16 = 4,
  kInt32 = 5,
  kUint32 = 6,
  kSingle = 7,
  kDouble = 9,
  kInt64 = 12,
  kUint64 = 13,
  kMatrix = 14,
  kCompressed = 15,
  kUtf8 = 16,
  kUtf16 = 17,
};

/// Values that a matrix may have at most.
inline constexpr std::size_t kMatValuesLimit = 10'000'000;

struct MatElement {
  std::uint32_t type = 0;
  std::span<const std::byte> bytes;
};

/// What is wrong, for whoever knows the file's name.
class BrokenMat : public DataError {
 public:
  using DataError::DataError;
};

/// Takes elements off a stretch of bytes. Throws BrokenMat.
class MatElements {
 public:
  explicit MatElements(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  MatElement next();
  /// The next one, which must be of this type.
  MatElement next(std::uint32_t type, std::string_view what);

 private:
  std::span<const std::byte> take(std::size_t count);

  std::span<const std::byte> bytes_;
};

/// The bytes in a compressed element. Throws BrokenMat, also beyond 32 MiB.
std::vector<std::byte> unpack(const MatElement& element);

/// The numbers of an element: MATLAB stores whole doubles as the smallest integers that hold them.
/// Throws BrokenMat.
std::vector<double> numbers_of(const MatElement& element);

/// The text of an element, as UTF-8. Throws BrokenMat.
std::string text_of(const MatElement& element);

/// Bytes as they are.
std::string_view raw_text(std::span<const std::byte> bytes);

}  // namespace imgcls::data
