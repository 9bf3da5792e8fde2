#pragma once
// The images that a model is most wrong about.

#include <imgcls/dist/world.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgcls::train {

/// An image taken for another class.
struct Mistake {
  std::uint64_t sample = 0;  ///< its number in the source
  std::size_t label = 0;
  std::size_t predicted = 0;
  double probability = 0;  ///< of the predicted class
  double loss = 0;         ///< cross-entropy of the label
};

/// Keeps the mistakes with the highest loss; of equals, those of lower numbers. The same ones
/// whatever the order they come in and the number of ranks.
class WorstMistakes {
 public:
  explicit WorstMistakes(std::size_t keep = 24) : keep_(keep) {}

  void add(const Mistake& mistake);
  /// Those of all ranks, on all ranks; all call it.
  void gather(dist::World& world);

  /// From the worst on.
  const std::vector<Mistake>& worst() const { return worst_; }

 private:
  std::size_t keep_;
  std::vector<Mistake> worst_;
};

}  // namespace imgcls::train
