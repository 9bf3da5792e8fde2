#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/weights/safetensors.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace imgcls::weights {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr int kMaxDepth = 3;  // the header, a tensor, its shape: values in it are the fourth level

/// A tensor as the header describes it.
struct Entry {
  StoredTensor tensor;
  std::uint64_t begin, end;
};

class HeaderParser {
 public:
  explicit HeaderParser(const ByteSource& file) : file_(file) {}

  Listing parse() const {
    constexpr std::uint64_t kLength = sizeof(std::uint64_t);
    if (file_.size() < kLength) refuse("it is shorter than 8 bytes");
    const auto header_bytes = load_le<std::uint64_t>(file_.bytes(0, kLength));
    if (header_bytes > kMaxHeader || header_bytes > file_.size() - kLength) {
      refuse(fmt::format("its header claims {} bytes of {} (is it cut off?)", header_bytes,
                         file_.size()));
    }
    const std::uint64_t data = kLength + header_bytes;
    Listing listing;
    for (Entry& entry :
         parse_entries(parse_header(file_.bytes(kLength, header_bytes)), file_.size() - data)) {
      entry.tensor.storage = listing.storages.size();
      listing.storages.push_back({data + entry.begin, entry.end - entry.begin});
      listing.tensors.push_back(std::move(entry.tensor));
    }
    return listing;
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw WeightsError(fmt::format("{} is not a usable safetensors file: {}", file_.name(), why));
  }

  json parse_header(const std::vector<std::byte>& text) const {
    std::set<std::string> names;
    std::string duplicate;
    bool deep = false;
    const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::key && depth == 1 &&
          !names.insert(parsed.get<std::string>()).second) {
        duplicate = parsed.get<std::string>();
      }
      deep = deep || depth > kMaxDepth;
      return depth <= kMaxDepth;  // false: it is dropped
    };
    const auto* begin = reinterpret_cast<const char*>(text.data());
    json header = json::parse(begin, begin + text.size(), watch, /*allow_exceptions=*/false);
    if (!header.is_object()) refuse("its header is not a JSON object");
    if (deep) refuse("its header is nested too deeply");
    if (!duplicate.empty()) refuse(fmt::format("\"{}\" is in it twice", duplicate));
    header.erase("__metadata__");
    return header;
  }

  Entry parse_entry(const std::string& name, const json& description) const {
    try {
      const auto type_name = description.at("dtype").get<std::string>();
      const DTypeInfo* type = find_safetensors_dtype(type_name);
      if (type == nullptr) {
        refuse(fmt::format("\"{}\" has the unknown dtype {}", name, type_name));
      }
      const auto offsets = description.at("data_offsets").get<std::array<std::uint64_t, 2>>();
      return {{.name = name,
               .type = type->type,
               .shape = description.at("shape").get<std::vector<std::int64_t>>()},
              offsets[0],
              offsets[1]};
    } catch (const json::exception&) {
      refuse(fmt::format("\"{}\" lacks a valid dtype, shape or data_offsets", name));
    }
  }

  /// Refuses what overlaps, leaves a hole, or does not fit the shape.
  std::vector<Entry> parse_entries(const json& header, std::uint64_t data_bytes) const {
    std::vector<Entry> entries;
    for (const auto& [name, description] : header.items()) {
      entries.push_back(parse_entry(name, description));
    }
    std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
    std::uint64_t end = 0;
    for (Entry& entry : entries) {
      if (entry.begin != end) {
        refuse(fmt::format("\"{}\" starts at {} and not at {}: a hole or an overlap",
                           entry.tensor.name, entry.begin, end));
      }
      check_shape(entry.tensor, file_.name());
      if (entry.end < entry.begin || entry.end - entry.begin != entry.tensor.bytes()) {
        refuse(fmt::format("\"{}\" has offsets that do not fit its shape", entry.tensor.name));
      }
      entry.tensor.strides = contiguous_strides(entry.tensor.shape);
      end = entry.end;
    }
    if (end != data_bytes) {
      refuse(fmt::format("its tensors take {} bytes, but {} follow the header{}", end, data_bytes,
                         data_bytes < end ? ": it is cut off; copy or download it again" : ""));
    }
    return entries;
  }

  const ByteSource& file_;
};

}  // namespace

Listing parse_safetensors(const ByteSource& file) {
  return HeaderParser(file).parse();
}

bool looks_like_safetensors(const ByteSource& file) {
  constexpr std::uint64_t kLength = sizeof(std::uint64_t);
  if (file.size() <= kLength) return false;
  const std::vector<std::byte> begin = file.bytes(0, kLength + 1);
  return load_le<std::uint64_t>(std::span(begin).first(kLength)) <= kMaxHeader &&
         begin.back() == std::byte{'{'};
}

std::string safetensors_head(std::span<const StoredTensor> tensors) {
  json header = json::object();
  std::uint64_t offset = 0;
  for (const StoredTensor& tensor : tensors) {
    const DTypeInfo& type = info(tensor.type);
    if (type.safetensors.empty()) {
      throw WeightsError(
          fmt::format("\"{}\" has the dtype {}, which safetensors lacks", tensor.name, type.name));
    }
    header[tensor.name] = {{"dtype", type.safetensors},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    throw WeightsError("a tensor's name is no UTF-8, which safetensors needs");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned
  std::vector<std::byte> length;
  append_le<std::uint64_t>(length, text.size());
  return std::string(reinterpret_cast<const char*>(length.data()), length.size()) + text;
}

}  // namespace imgcls::weights
