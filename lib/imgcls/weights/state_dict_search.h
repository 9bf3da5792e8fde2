#pragma once
// Which of a pickle's dicts is the state dict. Internal to imgcls::weights.

#include <imgcls/core/pickle.h>
#include <imgcls/weights/pickled_dicts.h>
#include <imgcls/weights/pickled_tensors.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::weights {

/// The state dict that is taken.
struct ChosenDict {
  std::uint32_t dict;
  std::string key = {};                  ///< where it stands: "ema.state_dict"; empty: it is all
  std::string below = {};                ///< of its entries, only those whose names begin so
  std::vector<std::string> others = {};  ///< keys of others, the first of them
};

class StateDictSearch {
 public:
  /// All of these must outlive it.
  StateDictSearch(const Pickle& pickle, std::string_view source, const PickledTensors& tensors,
                  PickledDicts& dicts)
      : pickle_(pickle), source_(source), tensors_(tensors), dicts_(dicts) {}

  /// The one that state_dict.h describes. Throws WeightsError where there is none.
  ChosenDict choose(std::string_view key);

 private:
  using Number = std::uint32_t;

  /// A dict with tensors, and the texts that lead to it.
  struct Found {
    Number dict;
    std::vector<Number> path = {};
    std::size_t tensors = 0;
    bool dotted = false;          ///< a tensor's name has a dot, as a module's parameters have
    std::string_view under = {};  ///< where the path begins, as a user gave it
  };

  std::vector<Found> find_below(Number root);
  /// Whether the pickled dict holds an object, and no dict, where the model should be.
  bool has_whole_model();
  /// The likeliest of several; null: none is more likely than the others.
  const Found* likeliest(const std::vector<Found>& all) const;
  ChosenDict choose_by(std::string_view key);
  /// The value at a dotted path, whose keys may have dots themselves.
  std::optional<Number> resolve(Number dict, std::string_view path, int depth);
  /// Whether the dict has tensors whose names begin with `prefix` and a dot.
  bool has_below(Number dict, std::string_view prefix);
  ChosenDict chosen(const std::vector<Found>& all, const Found& one, std::string_view under);
  std::string text_of(const std::vector<Number>& path) const;
  std::vector<std::string> keys_of(const std::vector<Found>& all) const;
  [[noreturn]] void refuse_root(const std::vector<Found>& all);
  [[noreturn]] void refuse_key(std::string_view key, const std::vector<Found>& all);

  const Pickle& pickle_;
  std::string_view source_;
  const PickledTensors& tensors_;
  PickledDicts& dicts_;
};

}  // namespace imgcls::weights
