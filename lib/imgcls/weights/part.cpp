#include <imgcls/core/error.h>
#include <imgcls/weights/part.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls::weights {

std::string shortened(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  return text.size() <= kLongest ? std::string(text)
                                 : fmt::format("{}...", text.substr(0, kLongest));
}

std::string in_quotes(std::string_view text) {
  return fmt::format("\"{}\"", shortened(text));
}

std::string in_quotes(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += ", ";
    all += in_quotes(text);
  }
  return all;
}

std::string no_such_key(std::string_view key, const std::vector<std::string>& keys) {
  return fmt::format("there is nothing under the key {}, but under {}", in_quotes(key),
                     keys.empty() ? "none" : in_quotes(keys));
}

std::optional<std::string_view> behind(std::string_view path, std::string_view keys) {
  if (!path.starts_with(keys)) return {};
  path.remove_prefix(keys.size());
  if (path.empty()) return path;
  return path.front() == '.' ? std::optional(path.substr(1)) : std::nullopt;
}

void add_first_key(std::string_view name, std::vector<std::string>& keys) {
  constexpr std::size_t kShown = 10;
  const std::size_t dot = name.find('.');
  if (dot == name.npos || keys.size() == kShown) return;
  const std::string_view key = name.substr(0, dot);
  if (std::ranges::find(keys, key) == keys.end()) keys.emplace_back(key);
}

void take_part(Listing& listing, std::string_view key, std::string_view source) {
  std::vector<StoredTensor> part;
  for (const StoredTensor& tensor : listing.tensors) {
    const auto rest = behind(tensor.name, key);
    if (!rest || rest->empty()) continue;
    part.push_back(tensor);
    part.back().name = *rest;
  }
  if (part.empty()) {
    std::vector<std::string> keys;
    for (const StoredTensor& tensor : listing.tensors) add_first_key(tensor.name, keys);
    throw WeightsError(fmt::format("{}: {}", source, no_such_key(key, keys)));
  }
  listing.tensors = std::move(part);
  listing.key = key;
}

}  // namespace imgcls::weights
