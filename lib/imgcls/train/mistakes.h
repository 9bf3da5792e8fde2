#pragma once
// The images that a model is most wrong about.

#include <imgcls/dist/world.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace imgcls::train {

/// An image taken for another class, or for none: where a logit is a NaN.
struct Mistake {
  std::uint64_t sample = 0;  ///< its number in the source
  std::size_t label = 0;     ///< its class
  /// The class with the highest logit; nothing where there is none.
  std::optional<std::size_t> predicted;
  double probability = 0;  ///< of the predicted class; NaN where the softmax is none
  double loss = 0;         ///< cross-entropy of the label; may be infinite or a NaN
};

/// Keeps the mistakes with the highest loss, above all others those with none (NaN); of equals,
/// those of lower numbers. The same ones whatever the order they come in and the number of ranks.
class WorstMistakes {
 public:
  explicit WorstMistakes(std::size_t keep = 24) : keep_(keep) {}  ///< how many to keep

  void add(const Mistake& mistake);  ///< keeps it if it is among the worst
  /// Those of all ranks, on all ranks; all call it.
  void gather(dist::World& world);

  /// From the worst on.
  const std::vector<Mistake>& worst() const { return worst_; }

 private:
  std::size_t keep_;
  std::vector<Mistake> worst_;
};

}  // namespace imgcls::train
