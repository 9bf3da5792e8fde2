#pragma once
// What an evaluation tells besides its counts: which classes are taken for which, and whether the
// probabilities can be believed, as integers, so that sums over ranks are exact; and the worst
// mistakes.

#include <ATen/core/Tensor.h>
#include <imgcls/dist/world.h>
#include <imgcls/train/mistakes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace imgcls::train {

/// What a model says of N images, on any device.
struct EvalGuesses {
  /// Predicted of an image with a NaN among its logits.
  static constexpr std::int64_t kNoClass = -1;

  at::Tensor labels;     ///< int64: the images' classes; kSkippedLabel: left out
  at::Tensor predicted;  ///< int64: the class with the highest logit, of equals the first; kNoClass
  /// float: the predicted class's probability; NaN where the softmax is none, as it is with a NaN
  /// or an infinity among the logits (but for -inf beside finite ones).
  at::Tensor probability;
  at::Tensor loss;  ///< float: the cross-entropy; NaN as the probability, or infinite
};

/// Of logits (float N x K) and labels (int64 N), on their device. Waits for nothing.
EvalGuesses look(const at::Tensor& logits, const at::Tensor& labels);

/// How many images of class `label` were taken for `predicted`.
struct Confusion {
  std::size_t label = 0, predicted = 0;  ///< the images' class, and the one they were taken for
  std::int64_t images = 0;               ///< how many
};

/// Which classes are taken for which, calibration and the worst mistakes. Takes memory for what was
/// seen, not for what could be: as much as there are images and classes.
class EvalDetails {
 public:
  /// Bins of equal width that the highest probability of an image falls into, as in Guo et al., "On
  /// calibration of modern neural networks" (arXiv:1706.04599).
  static constexpr int kBins = 15;

  explicit EvalDetails(std::size_t classes);  ///< numbered from 0 in the labels to come

  /// Adds images. The guesses lie on the CPU. `samples` are the images' numbers in the source (N);
  /// without them no mistakes are kept.
  void add(const EvalGuesses& guesses, std::span<const std::uint64_t> samples = {});
  /// What `look` says of logits on the CPU.
  void add(const at::Tensor& logits, const at::Tensor& labels,
           std::span<const std::uint64_t> samples = {}) {
    add(look(logits, labels), samples);
  }
  /// Sums over the ranks; all call it. Afterwards rank 0 alone knows which classes were taken for
  /// which; the other ranks' `confusions` are empty.
  void sum(dist::World& world);

  std::size_t classes() const { return classes_; }  ///< as given
  /// Images of class `label` that were taken for `predicted`. Over all classes they are
  /// `images(label)`, but for those that were taken for none.
  std::int64_t confused(std::size_t label, std::size_t predicted) const;
  /// All that occurred, right ones among them, in the order of `label`, then of `predicted`.
  std::vector<Confusion> confusions() const;
  /// Images of the class, and how many of them are right: over all classes, EvalCounts' top1.
  std::int64_t images(std::size_t label) const { return images_[label]; }
  /// Images of the class that were taken for it.
  std::int64_t right(std::size_t label) const { return right_[label]; }
  /// Images of all classes that were taken for none: those with a NaN among their logits.
  std::int64_t without_prediction() const { return without_prediction_; }

  /// The images that the model is most wrong about, from the worst on.
  const std::vector<Mistake>& mistakes() const { return mistakes_.worst(); }

  /// Expected calibration error in [0, 1]: the bins' mean distance between the share of right
  /// images and the mean probability, weighted by their images. NaN where an image has no
  /// probabilities.
  double calibration_error() const;

 private:
  struct Bin {
    std::int64_t images = 0, right = 0;
    std::int64_t probability_units = 0;  ///< sum of the probabilities in units of 2^-24
  };

  void gather_confusions(dist::World& world);
  /// An image's highest probability, and whether its class is right.
  void add_to_bin(double probability, bool right);

  std::size_t classes_;
  std::vector<std::int64_t> images_, right_;                   // of each class
  std::unordered_map<std::uint64_t, std::int64_t> confusion_;  // by label * classes + predicted
  std::int64_t without_prediction_ = 0, without_probabilities_ = 0;
  std::array<Bin, kBins> bins_ = {};
  WorstMistakes mistakes_;
};

/// Up to so many classes the matrix is written and drawn class by class.
inline constexpr std::size_t kMostInMatrix = 2000;

/// Writes a row for each class: number, id, images, right, accuracy in %, and the class it is most
/// often taken for. Names stand as core/quoted_name.h has it.
void write_per_class(const EvalDetails& details, std::span<const std::string> names,
                     const std::filesystem::path& csv);

/// "confusion.csv", or "confusion_pairs.csv" where there are more than kMostInMatrix classes.
std::string_view confusion_file(const EvalDetails& details);
/// Writes that file into `folder`, and removes the other. The first is the matrix: rows are the
/// images' classes, columns the predicted ones. The second has a row for each pair of classes that
/// occurred: the numbers of the images' class and of the predicted one, and how many images.
void write_confusion(const EvalDetails& details, std::span<const std::string> names,
                     const std::filesystem::path& folder);

/// Draws the matrix as a PNG: dark where the share of a class's images is large, the diagonal from
/// the upper left. A class is at least a pixel wide; of more than kMostInMatrix, neighbours share
/// one.
void draw_confusion(const EvalDetails& details, const std::filesystem::path& png);

}  // namespace imgcls::train
