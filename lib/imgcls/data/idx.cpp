#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/inflate.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/source.h>
#include <imgcls/image/decode.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view reason) {
  throw DataError(fmt::format("{} is not a usable IDX file: {}", path.string(), reason));
}

std::uint64_t byte_at(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint64_t>(bytes[at]);
}

std::vector<std::byte> gunzip(std::span<const std::byte> packed, const fs::path& path) {
  constexpr std::size_t kLimit = std::size_t{1} << 32;
  if (packed.size() >= kLimit) fail(path, "a gzip file may have at most 4 GiB; unpack it");
  try {
    return inflated(packed, Packing::gzip, kLimit, "the gzip data");
  } catch (const InflateError& e) {
    fail(path, e.what());
  }
}

/// An array of uint8 from an IDX file (the format of http://yann.lecun.com/exdb/mnist).
struct Array {
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> file;  // with the header
  std::size_t header = 0;       // bytes

  std::span<const std::byte> values() const { return std::span(file).subspan(header); }
};

Array read_array(const fs::path& path) {
  Array array;
  array.file = read_file(path);
  const auto& file = array.file;
  if (file.size() >= 2 && byte_at(file, 0) == 0x1F && byte_at(file, 1) == 0x8B) {
    array.file = gunzip(std::exchange(array.file, {}), path);
  }
  if (file.size() < 4) fail(path, fmt::format("it has {} bytes, less than a header", file.size()));
  if (byte_at(file, 0) != 0 || byte_at(file, 1) != 0) fail(path, "its first two bytes are not 0");
  if (byte_at(file, 2) != 8) {
    fail(path, fmt::format("its type is {:#04x}; expected 0x08 (uint8)", byte_at(file, 2)));
  }
  const std::size_t dimensions = byte_at(file, 3);
  array.header = 4 + 4 * dimensions;
  if (file.size() < array.header) fail(path, "its header is truncated");
  const std::uint64_t limit = file.size() - array.header;
  std::uint64_t values = 1;
  for (std::size_t at = 4; at < array.header; at += 4) {
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | byte_at(file, at + i);
    if (length == 0) fail(path, fmt::format("dimension {} is 0", array.shape.size()));
    array.shape.push_back(length);
    // Both factors are below 2^32 or the file's size, so the product cannot wrap around.
    values = std::min(values * length, limit + 1);
  }
  if (values != limit) {
    fail(path, fmt::format("its header claims {} values, and {} bytes follow it",
                           fmt::join(array.shape, " x "), limit));
  }
  return array;
}

class IdxSource final : public Source {
 public:
  IdxSource(const fs::path& images, const fs::path& labels, std::vector<std::string> class_names)
      : path_(images),
        images_(read_array(images)),
        labels_(read_array(labels)),
        classes_(std::move(class_names)) {
    if (classes_.empty()) {
      for (int i = 0; i < 10; ++i) classes_.push_back(fmt::format("{}", i));
    }
    check_images(images);
    check_labels(labels);
  }

  std::size_t size() const override { return images_.shape[0]; }
  std::int64_t label(std::size_t index) const override {
    return std::to_integer<std::int64_t>(labels_.values()[index]);
  }

  Sample read(std::size_t index) const override {
    Image image;
    image.size = {static_cast<int>(images_.shape[2]), static_cast<int>(images_.shape[1])};
    const std::size_t pixels = images_.shape[1] * images_.shape[2];
    image.pixels.resize(pixels * 3);
    const std::size_t bytes = pixels * channels();
    const auto values = images_.values().subspan(index * bytes, bytes);
    if (channels() == 3) {
      std::memcpy(image.pixels.data(), values.data(), bytes);
    } else {
      std::uint8_t* out = image.pixels.data();
      for (const std::byte value : values)
        out = std::fill_n(out, 3, static_cast<std::uint8_t>(value));
    }
    return image;
  }

  std::string name(std::size_t index) const override {
    return fmt::format("{} image {}", path_.string(), index);
  }
  const std::vector<std::string>& classes() const override { return classes_; }
  Origin origin() const override {
    const std::string name = path_.filename().string();
    const std::size_t end = name.find("-images-idx3-ubyte");
    if (end == std::string::npos) return {};
    return {"idx", path_.parent_path() / name.substr(0, end)};
  }
  std::string fingerprint() const override {
    return Sha256().update(images_.file).update(labels_.file).hex();
  }

 private:
  std::size_t channels() const { return images_.shape.size() == 4 ? 3 : 1; }

  void check_images(const fs::path& path) const {
    const auto& shape = images_.shape;
    const bool rgb = shape.size() == 4 && shape[3] == 3;
    if (shape.size() != 3 && !rgb) {
      fail(path, fmt::format("its shape is {}; expected count x height x width (x 3)",
                             fmt::join(shape, " x ")));
    }
    // Neither factor exceeds the file's size, which memory held.
    if (shape[1] * shape[2] > kMaxPixels) {
      fail(path, fmt::format("images of {} x {} pixels are too large", shape[2], shape[1]));
    }
  }

  void check_labels(const fs::path& path) const {
    if (labels_.shape.size() != 1) {
      fail(path, fmt::format("its shape is {}; expected one number for each image",
                             fmt::join(labels_.shape, " x ")));
    }
    if (labels_.shape[0] != images_.shape[0]) {
      fail(path, fmt::format("it has {} labels for the {} images of {}", labels_.shape[0],
                             images_.shape[0], path_.string()));
    }
    for (std::size_t i = 0; i < size(); ++i) {
      if (label(i) >= static_cast<std::int64_t>(classes_.size())) {
        fail(path, fmt::format("label {} of image {} is not below the number of classes, {}; give "
                               "the class names if there are more",
                               label(i), i, classes_.size()));
      }
    }
  }

  fs::path path_;
  Array images_, labels_;
  std::vector<std::string> classes_;
};

}  // namespace

std::unique_ptr<Source> open_idx(const fs::path& images, const fs::path& labels,
                                 std::vector<std::string> class_names) {
  return std::make_unique<IdxSource>(images, labels, std::move(class_names));
}

}  // namespace imgcls::data
