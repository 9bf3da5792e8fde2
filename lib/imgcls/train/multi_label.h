#pragma once
// Evaluation of images with any number of classes each: average precision and F1 of each class,
// exact on any number of ranks.

#include <ATen/core/Tensor.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/source.h>
#include <imgcls/dist/world.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace imgcls::train {

/// What an evaluation found for one class.
struct ClassFigures {
  std::int64_t images = 0;  ///< that have the class
  /// Of them, and of the others, those that are taken to have it: with a logit above 0.
  std::int64_t found = 0, wrong = 0;
  /// Average precision, 0 to 1: the sum over thresholds of precision times the step of recall, as
  /// scikit-learn's average_precision_score; by the logits, equal ones at once. NaN where no image
  /// has the class, or a logit is a NaN.
  double ap = std::numeric_limits<double>::quiet_NaN();

  /// 0 to 1: 2 found / (images + found + wrong); 0 where that is 0 / 0.
  double f1() const;
};

/// Shares are 0 to 1. Classes that no image has are left out of means over classes.
struct MultiLabelFigures {
  std::vector<ClassFigures> classes = {};  ///< by their numbers

  /// The mean of the classes' average precisions: scikit-learn's and torchmetrics' "macro" for
  /// those classes. NaN where a logit is a NaN, or no image has a class.
  double map() const;
  double micro_f1() const;  ///< F1 at a probability of 0.5, of all classes and images together
  double macro_f1() const;  ///< the mean of the classes' F1 at a probability of 0.5
  std::size_t classes_without_images() const;  ///< those that means leave out
};

/// Of one class: the images' logits, and which of them have it.
ClassFigures class_figures(std::span<const float> logits, std::span<const bool> has_class);

/// Rows of 0 and 1 for a batch's images: float, N x K, made on the device. Does not wait for it.
at::Tensor label_rows(const data::Batch& batch, const data::Source& source,
                      const at::Device& device);

/// The logits of all images of an evaluation on this rank, in memory: 4 bytes for each image and
/// class.
class MultiLabelScores {
 public:
  /// `source` is kept by reference.
  explicit MultiLabelScores(const data::Source& source) : source_(source) {}

  /// A batch's: float, N x K, on the CPU. Images whose label is kSkippedLabel are left out.
  void add(const at::Tensor& logits, std::span<const std::uint64_t> samples,
           std::span<const std::int64_t> labels);
  /// Those of all ranks, the same on each to the last bit, whatever their number; all call it.
  /// Ranks exchange a few classes at a time.
  MultiLabelFigures figures(dist::World& world) const;

 private:
  const data::Source& source_;
  std::vector<float> logits_;           // N x K
  std::vector<std::uint64_t> samples_;  // N
};

}  // namespace imgcls::train
