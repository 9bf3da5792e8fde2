#include <imgcls/core/error.h>
#include <imgcls/weights/part.h>
#include <imgcls/weights/wrappers.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

namespace imgcls::weights {
namespace {

/// No module of a network is called so. "_module" is Opacus', "_forward_module" Lightning Fabric's,
/// "_fpw_module" FairScale's.
constexpr std::array<std::string_view, 6> kWrappers{
    "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
    "_module",   "_forward_module",      "_fpw_module"};

constexpr std::string_view kModule = "module", kModel = "model";

/// Longer names are no module's: what looks at their parts may take time in their square.
constexpr std::size_t kMaxParts = 32, kMaxName = 4096;

bool is_wrapper(std::string_view part) {
  return std::ranges::find(kWrappers, part) != kWrappers.end();
}

bool is_whole(DType type) {
  return type >= DType::int64 && type <= DType::uint8;
}

/// The parts of all names; which of them are taken off.
class Stripper {
 public:
  Stripper(const std::vector<StoredTensor>& tensors, std::string_view source)
      : tensors_(tensors), source_(source) {
    for (const StoredTensor& tensor : tensors) parts_.push_back(parts_of(tensor.name));
  }

  std::vector<std::string> names() {
    for (auto& parts : parts_) {
      if (parts.size() > 1) erase_if_inner(parts, is_wrapper);
    }
    take_off_modules();
    while (all_begin_with_model()) {
      for (auto& parts : parts_) {
        if (parts.size() > 1) parts.erase(parts.begin());
      }
    }
    return joined();
  }

 private:
  template <class Predicate>
  static void erase_if_inner(std::vector<std::string_view>& parts, const Predicate& predicate) {
    const std::string_view last = parts.back();
    parts.pop_back();
    std::erase_if(parts, predicate);
    parts.push_back(last);
  }

  bool has_say(std::size_t i) const { return !parts_[i].empty() && !is_counter(tensors_[i]); }

  // Again, since a wrapper may be in a wrapper.
  void take_off_modules() {
    // For each beginning of a name, whether "module" and more is all that goes on from there.
    std::unordered_map<std::string, bool> only_module;
    const auto visit = [](const std::vector<std::string_view>& parts, const auto& each) {
      std::string before;
      for (std::size_t at = 0; at < parts.size(); ++at) {
        each(before, at);
        before += parts[at];
        before += '.';
      }
    };
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!has_say(i)) continue;
      visit(parts_[i], [&](const std::string& before, std::size_t at) {
        const bool is_module = parts_[i][at] == kModule && at + 1 < parts_[i].size();
        const auto known = only_module.try_emplace(before, true).first;
        known->second = known->second && is_module;
      });
    }
    for (auto& parts : parts_) {
      std::vector<std::string_view> kept;
      visit(parts, [&](const std::string& before, std::size_t at) {
        const auto known = only_module.find(before);
        const bool taken_off = known != only_module.end() && known->second &&
                               parts[at] == kModule && at + 1 < parts.size();
        if (!taken_off) kept.push_back(parts[at]);
      });
      parts = std::move(kept);
    }
  }

  bool all_begin_with_model() const {
    bool any = false;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!has_say(i)) continue;
      if (parts_[i].size() < 2 || parts_[i][0] != kModel) return false;
      any = true;
    }
    return any;
  }

  std::vector<std::string> joined() const {
    std::vector<std::string> names;
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      names.push_back(parts_[i].empty() ? tensors_[i].name
                                        : fmt::format("{}", fmt::join(parts_[i], ".")));
      const auto [known, is_new] = seen.emplace(names.back(), i);
      if (is_new) continue;
      throw WeightsError(
          fmt::format("{}: {} and {} are both {} without what wrappers put into names; {}", source_,
                      in_quotes(tensors_[known->second].name), in_quotes(tensors_[i].name),
                      in_quotes(names.back()), kHowToChoose));
    }
    return names;
  }

  const std::vector<StoredTensor>& tensors_;
  std::string_view source_;
  std::vector<std::vector<std::string_view>> parts_;
};

}  // namespace

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  if (name.size() > kMaxName) return parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    if (parts.size() == kMaxParts) return {};
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool may_be_wrapper(std::string_view part) {
  return part == kModule || part == kModel || is_wrapper(part);
}

bool is_counter(const StoredTensor& tensor) {
  if (!tensor.shape.empty() || !is_whole(tensor.type)) return false;
  std::vector<std::string_view> parts = parts_of(tensor.name);
  if (parts.empty()) return false;
  parts.pop_back();
  return std::ranges::all_of(parts, may_be_wrapper);
}

void take_off_wrappers(Listing& listing, std::string_view source) {
  const std::vector<std::string> names = Stripper(listing.tensors, source).names();
  for (std::size_t i = 0; i < names.size(); ++i) listing.tensors[i].name = names[i];
}

}  // namespace imgcls::weights
