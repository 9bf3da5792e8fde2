#include <imgcls/weights/pickled_tensors.h>
#include <imgcls/weights/state_dict.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;
using Numbers = std::span<const std::uint32_t>;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";

// What else stands in checkpoints beside tensors: plain data, which is skipped.
constexpr std::array<std::string_view, 10> kPlain{
    "argparse.Namespace",  // the arguments of the script that trained
    "collections.Counter", "collections.defaultdict",
    "__builtin__.set",     "__builtin__.list",
    "__builtin__.complex", "__builtin__.bytearray",
    "_codecs.encode",  // bytes, in protocol 2
    "torch.Size",          "torch.device"};

std::vector<std::string> known_names() {
  std::vector<std::string> names = tensor_names();
  names.insert(names.end(), kPlain.begin(), kPlain.end());
  names.emplace_back(kOrderedDict);
  return names;
}

/// Keys under which checkpoints keep their weights, the likeliest first.
constexpr std::array<std::string_view, 8> kUsualKeys{
    "state_dict", "model_state_dict", "model",   "model_state",
    "net",        "network",          "weights", "params"};

class Finder {
 public:
  Finder(const Pickle& pickle, std::string_view source)
      : pickle_(pickle), source_(source), tensors_(pickle, source) {}

  StateDict find() {
    const auto items = find_items();
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (!tensors_.is_tensor(items[i + 1])) continue;
      const Value& key = pickle_.at(items[i]);
      if (key.kind != Kind::text) fail("a tensor's key is no text");
      if (!names_.insert(key.text).second) fail(fmt::format("\"{}\" is in it twice", key.text));
      found_.tensors.push_back(tensors_.read(key.text, items[i + 1]));
    }
    for (const std::string_view prefix : {"_orig_mod.", "module.", "_orig_mod."}) strip(prefix);
    found_.storages = tensors_.storages();
    return std::move(found_);
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { refuse_state_dict(source_, why); }

  /// Keys and values of a dict or an OrderedDict; nothing for other values.
  std::optional<std::vector<std::uint32_t>> items_of(std::uint32_t number) const {
    const Value& value = pickle_.at(number);
    if (value.kind == Kind::dict) return value.items;
    if (called(pickle_, number) != kOrderedDict) return {};
    std::vector<std::uint32_t> items;
    // Python 2 gives its pairs as an argument, Python 3 puts them in.
    if (const Numbers given = arguments(pickle_, number); !given.empty()) {
      for (const std::uint32_t pair : pickle_.at(given[0]).items) {
        const std::vector<std::uint32_t>& both = pickle_.at(pair).items;
        if (both.size() != 2) fail("an OrderedDict is made of what are no pairs");
        items.insert(items.end(), both.begin(), both.end());
      }
    }
    items.insert(items.end(), value.items.begin() + 2, value.items.end());
    if (items.size() % 2 != 0) fail("an OrderedDict has a key without a value");
    return items;
  }

  bool has_tensors(const std::vector<std::uint32_t>& items) const {
    for (std::size_t i = 1; i < items.size(); i += 2) {
      if (tensors_.is_tensor(items[i])) return true;
    }
    return false;
  }

  std::vector<std::uint32_t> find_items() const {
    auto items = items_of(pickle_.root);
    if (!items) fail("it is no dict");
    constexpr int kLevels = 3;
    for (int level = 0; level < kLevels; ++level) {
      auto inner = usual_dict(*items);
      if (!inner && (items->empty() || has_tensors(*items))) return *items;
      if (!inner) inner = only_dict(*items);
      if (!inner) break;
      items = std::move(inner);
    }
    fail(fmt::format("it is a dict of {}", fmt::join(keys(*items), ", ")));
  }

  /// The dict under a usual key.
  std::optional<std::vector<std::uint32_t>> usual_dict(
      const std::vector<std::uint32_t>& items) const {
    for (const std::string_view key : kUsualKeys) {
      for (std::size_t i = 0; i < items.size(); i += 2) {
        if (pickle_.at(items[i]).text != key) continue;
        if (auto inner = items_of(items[i + 1])) return inner;
      }
    }
    return {};
  }

  /// The dict with tensors, where there is only one.
  std::optional<std::vector<std::uint32_t>> only_dict(
      const std::vector<std::uint32_t>& items) const {
    std::vector<std::vector<std::uint32_t>> with_tensors;
    std::unordered_set<std::uint32_t> seen;
    for (std::size_t i = 1; i < items.size(); i += 2) {
      if (!seen.insert(items[i]).second) continue;
      if (auto inner = items_of(items[i]); inner && has_tensors(*inner)) {
        with_tensors.push_back(*std::move(inner));
      }
    }
    if (with_tensors.size() != 1) return {};
    return with_tensors.front();
  }

  /// The first keys, for a message.
  std::vector<std::string> keys(const std::vector<std::uint32_t>& items) const {
    constexpr std::size_t kShown = 10;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < items.size(); i += 2) {
      if (keys.size() == kShown) {
        keys.emplace_back("...");
        break;
      }
      const Value& key = pickle_.at(items[i]);
      keys.push_back(key.kind == Kind::text ? fmt::format("\"{}\"", key.text) : "what is no text");
    }
    return keys;
  }

  void strip(std::string_view prefix) {
    const auto has = [&](const StoredTensor& tensor) { return tensor.name.starts_with(prefix); };
    if (!std::ranges::all_of(found_.tensors, has)) return;
    for (StoredTensor& tensor : found_.tensors) tensor.name.erase(0, prefix.size());
  }

  const Pickle& pickle_;
  std::string_view source_;
  PickledTensors tensors_;
  StateDict found_;
  std::unordered_set<std::string_view> names_;
};

}  // namespace

PickleNames state_dict_names() {
  static const std::vector<std::string> names = known_names();
  static const std::vector<std::string_view> views(names.begin(), names.end());
  return {views, "a state dict"};
}

StateDict find_state_dict(const Pickle& pickle, std::string_view source) {
  return Finder(pickle, source).find();
}

}  // namespace imgcls::weights
