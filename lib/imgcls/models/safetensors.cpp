#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/safetensors.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace imgcls::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxHeader = 100'000'000;

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> kTypes{{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

[[noreturn]] void refuse(const fs::path& path, std::string_view why) {
  throw WeightsError(fmt::format("{} is no usable safetensors file: {}", path.string(), why));
}

/// A tensor as the header describes it.
struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;
};

json parse_header(const fs::path& path, std::string_view text) {
  std::set<std::string> names;
  std::string duplicate;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 &&
        !names.insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
    }
    return true;
  };
  json header = json::parse(text, watch, /*allow_exceptions=*/false);
  if (!header.is_object()) refuse(path, "its header is not a JSON object");
  if (!duplicate.empty()) refuse(path, fmt::format("\"{}\" is in it twice", duplicate));
  header.erase("__metadata__");
  return header;
}

/// Bytes of a tensor; refuses shapes whose product overflows.
std::uint64_t byte_count(const fs::path& path, const Entry& entry) {
  std::uint64_t bytes = c10::elementSize(entry.type);
  for (const std::int64_t side : entry.shape) {
    if (side < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes)) {
      refuse(path, fmt::format("\"{}\" has an impossible shape", entry.name));
    }
  }
  return bytes;
}

Entry parse_entry(const fs::path& path, const std::string& name, const json& description) {
  try {
    const auto type_name = description.at("dtype").get<std::string>();
    const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& known) { return known.first == type_name; });
    if (type == kTypes.end()) {
      refuse(path, fmt::format("\"{}\" has the unknown dtype {}", name, type_name));
    }
    const auto offsets = description.at("data_offsets").get<std::array<std::uint64_t, 2>>();
    return {name, type->second, description.at("shape").get<std::vector<std::int64_t>>(),
            offsets[0], offsets[1]};
  } catch (const json::exception& e) {
    refuse(path, fmt::format("\"{}\" lacks a valid dtype, shape or data_offsets", name));
  }
}

std::vector<Entry> parse_entries(const fs::path& path, const json& header,
                                 std::uint64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    entries.push_back(parse_entry(path, name, description));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != end) {
      refuse(path, fmt::format("\"{}\" starts at {} and not at {}: a hole or an overlap",
                               entry.name, entry.begin, end));
    }
    if (entry.end < entry.begin || entry.end - entry.begin != byte_count(path, entry)) {
      refuse(path, fmt::format("\"{}\" has offsets that do not fit its shape", entry.name));
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    refuse(path,
           fmt::format("its tensors take {} bytes, but {} follow the header", end, data_bytes));
  }
  return entries;
}

}  // namespace

std::vector<NamedTensor> read_safetensors(const fs::path& path) {
  const std::vector<std::byte> file = read_file(path);
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes) refuse(path, "it is shorter than 8 bytes");
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  if (header_bytes > kMaxHeader || header_bytes > file.size() - sizeof header_bytes) {
    refuse(path, fmt::format("its header claims {} bytes", header_bytes));
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof header_bytes,
                              header_bytes);
  const std::span data = std::span(file).subspan(sizeof header_bytes + header_bytes);

  std::vector<NamedTensor> tensors;
  for (const Entry& entry : parse_entries(path, parse_header(path, text), data.size())) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.type));
    if (entry.end > entry.begin) {
      std::memcpy(tensor.mutable_data_ptr(), data.data() + entry.begin, entry.end - entry.begin);
    }
    tensors.push_back({entry.name, std::move(tensor)});
  }
  return tensors;
}

void write_safetensors(const fs::path& path, std::span<const NamedTensor> tensors) {
  const at::NoGradGuard no_grad;
  json header = json::object();
  std::vector<at::Tensor> rows;
  std::uint64_t offset = 0;
  for (const NamedTensor& item : tensors) {
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& known) {
      return known.second == item.tensor.scalar_type();
    });
    if (type == kTypes.end()) {
      throw WeightsError(fmt::format("\"{}\" has a dtype that safetensors lacks", item.name));
    }
    rows.push_back(item.tensor.detach().cpu().contiguous());
    header[item.name] = {{"dtype", type->first},
                         {"shape", item.tensor.sizes().vec()},
                         {"data_offsets", {offset, offset + rows.back().nbytes()}}};
    offset += rows.back().nbytes();
  }

  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned
  const std::uint64_t header_bytes = text.size();
  std::vector<std::byte> file(sizeof header_bytes + header_bytes + offset);
  std::memcpy(file.data(), &header_bytes, sizeof header_bytes);
  std::memcpy(file.data() + sizeof header_bytes, text.data(), text.size());
  std::byte* at = file.data() + sizeof header_bytes + header_bytes;
  for (const at::Tensor& row : rows) {
    if (row.nbytes() > 0) std::memcpy(at, row.const_data_ptr(), row.nbytes());
    at += row.nbytes();
  }
  write_synced(path, file);
}

}  // namespace imgcls::models
