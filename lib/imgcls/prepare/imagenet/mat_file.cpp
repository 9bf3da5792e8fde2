#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/prepare/imagenet/mat_elements.h>
#include <imgcls/prepare/imagenet/mat_file.h>

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace imgcls::data {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kHeader = 128;

enum Class : std::uint32_t {
  kStructClass = 2,
  kCharClass = 4,
  kDoubleClass = 6,
  kUint64Class = 15
};

/// What every matrix begins with.
struct MatrixHeader {
  std::uint32_t kind = 0;
  std::size_t count = 1;  ///< of elements
  std::string name;
};

MatrixHeader read_header(MatElements& elements) {
  MatrixHeader header;
  const MatElement flags = elements.next(kUint32, "a matrix's flags");
  if (flags.bytes.size() != 8) throw BrokenMat("a matrix's flags have not 8 bytes");
  header.kind = load_le<std::uint32_t>(flags.bytes.first(4)) & 0xFF;
  const std::vector<double> sizes = numbers_of(elements.next(kInt32, "a matrix's size"));
  if (sizes.size() < 2) throw BrokenMat("a matrix has fewer than two dimensions");
  double count = 1;
  for (const double size : sizes) {
    if (size < 0) throw BrokenMat("a matrix has a negative size");
    count *= size;
  }
  // Not `count > limit`: 0 times what overflowed is no number.
  if (!(count <= static_cast<double>(kMatValuesLimit)))
    throw BrokenMat("a matrix claims too many values");
  header.count = static_cast<std::size_t>(count);
  header.name = raw_text(elements.next(kInt8, "a matrix's name").bytes);
  return header;
}

MatValue read_value(const MatElement& matrix) {
  if (matrix.type != kMatrix) throw BrokenMat("a field's value is not a matrix");
  if (matrix.bytes.empty()) return std::vector<double>{};  // how MATLAB stores []
  MatElements elements(matrix.bytes);
  const MatrixHeader header = read_header(elements);
  if (header.kind == kCharClass) return text_of(elements.next());
  if (header.kind < kDoubleClass || header.kind > kUint64Class) return std::monostate{};
  std::vector<double> numbers = numbers_of(elements.next());
  if (numbers.size() != header.count) {
    throw BrokenMat(
        fmt::format("a matrix claims {} values and holds {}", header.count, numbers.size()));
  }
  return numbers;
}

std::vector<std::string> read_field_names(MatElements& elements) {
  const std::vector<double> width = numbers_of(elements.next(kInt32, "the length of field names"));
  const Bytes names = elements.next(kInt8, "the field names").bytes;
  if (width.size() != 1 || width[0] < 2 || width[0] > 1024 ||
      names.size() % static_cast<std::size_t>(width[0]) != 0) {
    throw BrokenMat("the length of its field names is wrong");
  }
  std::vector<std::string> fields;
  const auto step = static_cast<std::size_t>(width[0]);
  for (std::size_t at = 0; at < names.size(); at += step) {
    const std::string_view padded = raw_text(names.subspan(at, step));
    fields.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return fields;
}

MatStructs read_structs(MatElements& elements, std::size_t count) {
  MatStructs structs;
  structs.fields = read_field_names(elements);
  if (structs.fields.empty()) throw BrokenMat("its structures have no fields");
  if (count * structs.fields.size() > kMatValuesLimit)
    throw BrokenMat("it claims too many structures");
  for (std::size_t i = 0; i < count * structs.fields.size(); ++i) {
    structs.values.push_back(read_value(elements.next()));
  }
  return structs;
}

/// The structures in a variable's matrix, where it has that name.
std::optional<MatStructs> read_variable(Bytes matrix, std::string_view variable) {
  MatElements elements(matrix);
  const MatrixHeader header = read_header(elements);
  if (header.name != variable) return std::nullopt;
  if (header.kind != kStructClass) {
    throw BrokenMat(fmt::format("its variable '{}' is not an array of structures", variable));
  }
  return read_structs(elements, header.count);
}

void check_header(Bytes file) {
  if (file.size() < kHeader) {
    throw BrokenMat(fmt::format("it has {} bytes, less than its header", file.size()));
  }
  if (raw_text(file).starts_with("MATLAB 7.3")) throw BrokenMat("it is of version 7.3, not 5");
  const std::string_view order = raw_text(file.subspan(126, 2));
  if (order == "MI") throw BrokenMat("it is big-endian; expected little-endian");
  if (order != "IM" || load_le<std::uint16_t>(file.subspan(124, 2)) != 0x0100) {
    throw BrokenMat("its header is not that of version 5");
  }
}

MatStructs find_structs(Bytes file, std::string_view variable) {
  check_header(file);
  MatElements elements(file.subspan(kHeader));
  while (!elements.empty()) {
    const MatElement element = elements.next();
    std::optional<MatStructs> found;
    if (element.type == kCompressed) {
      const std::vector<std::byte> unpacked = unpack(element);
      found = read_variable(MatElements(unpacked).next(kMatrix, "a compressed variable").bytes,
                            variable);
    } else if (element.type == kMatrix) {
      found = read_variable(element.bytes, variable);
    } else {
      throw BrokenMat(fmt::format("element type {} is not a variable", element.type));
    }
    if (found) return std::move(*found);
  }
  throw BrokenMat(fmt::format("it holds no variable '{}'", variable));
}

}  // namespace

MatStructs read_mat_structs(std::span<const std::byte> file, std::string_view variable,
                            std::string_view name) {
  try {
    return find_structs(file, variable);
  } catch (const BrokenMat& e) {
    throw DataError(fmt::format("{} is not a usable MAT-file: {}", name, e.what()));
  }
}

}  // namespace imgcls::data
