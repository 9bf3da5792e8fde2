#pragma once
// Files of torch.save, and the pickles in them, byte by byte.

#include <imgcls/core/little_endian.h>
#include <imgcls/core/zip_file.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls::test {

/// A .pth with that pickle and a storage of that many bytes.
inline std::vector<std::byte> with_pickle(std::string_view pickle, std::size_t storage_bytes = 24,
                                          std::string_view order = "little") {
  return zip_in_memory([&](ZipWriter& zip) {
    zip.add("archive/data.pkl", pickle);
    zip.add("archive/byteorder", order);
    zip.add("archive/data/0", std::string(storage_bytes, 'x'));
  });
}

/// The bytes of a number, the least first.
template <class T>
std::string little(T value) {
  std::vector<std::byte> bytes;
  append_le(bytes, value);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string text(std::string_view value) {
  return "X" + little(static_cast<std::uint32_t>(value.size())) + std::string(value);
}

inline std::string integer(std::int32_t value) {
  return "J" + little(static_cast<std::uint32_t>(value));
}

inline std::string pair_of(std::int32_t a, std::int32_t b) {
  return integer(a) + integer(b) + "\x86";
}

/// Storage 0, of so many values.
inline std::string storage(const std::string& values = integer(6),
                           std::string_view class_name = "torch\nFloatStorage") {
  return "(" + text("storage") + "c" + std::string(class_name) + "\n" + text("0") + text("cpu") +
         values + "tQ";
}

/// A tensor in that: its offset, the tuples of its shape and strides.
inline std::string tensor(const std::string& offset = integer(0),
                          const std::string& shape = pair_of(2, 3),
                          const std::string& strides = pair_of(3, 1),
                          const std::string& in = storage()) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + in + offset + shape + strides + "\x89}tR";
}

/// A count, as wrappers keep one.
inline std::string counter() {
  return tensor(integer(0), ")", ")", storage(integer(3), "torch\nLongStorage"));
}

/// A dict of texts and values.
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string all = "}(";
  for (const auto& [key, value] : items) all += text(key) + value;
  return all + "u";
}

/// A dict of that tensor under those names.
inline std::string state_dict(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> items;
  for (const std::string& name : names) items.emplace_back(name, tensor());
  return dict(items);
}

/// A whole pickle of a value.
inline std::string pickle_of(const std::string& value, int protocol = 2) {
  return "\x80" + std::string(1, static_cast<char>(protocol)) + value + ".";
}

}  // namespace imgcls::test
