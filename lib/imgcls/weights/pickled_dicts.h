#pragma once
// The dicts in a pickle. Internal to imgcls::weights.

#include <imgcls/core/pickle.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// A dict, an OrderedDict, or an object of another class into which keys and values are put.
class PickledDicts {
 public:
  PickledDicts(const Pickle& pickle, std::string_view source);

  bool is_dict(std::uint32_t number) const;

  /// Calls `visit(key, value)` for each entry of a dict. Nothing is copied. Throws WeightsError
  /// where more entries have been visited in all than the pickle has, several times over: dicts of
  /// Python 2 can share a list of any length.
  template <class Visit>
  void for_each(std::uint32_t number, const Visit& visit) {
    for (const std::uint32_t pair : pairs(number)) {
      const std::vector<std::uint32_t>& both = pickle_.at(pair).items;
      spend();
      if (both.size() == 2) visit(both[0], both[1]);
    }
    const std::span<const std::uint32_t> items = put_in(number);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      spend();
      visit(items[i], items[i + 1]);
    }
  }

 private:
  /// The pairs that Python 2 gives an OrderedDict as its argument; Python 3 puts them in.
  std::span<const std::uint32_t> pairs(std::uint32_t number) const;
  std::span<const std::uint32_t> put_in(std::uint32_t number) const;
  void spend();

  const Pickle& pickle_;
  std::string_view source_;
  std::size_t budget_ = 0;
};

}  // namespace imgcls::weights
