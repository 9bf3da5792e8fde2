#pragma once
// Trained weights at work: image files in, classes and probabilities out.
//
//   const imgcls::Classifier classifier({.model = "resnet50", .weights = "resnet50.pth"});
//   for (const auto& [label, probability] : classifier.classify("cat.jpg"))
//     std::cout << classifier.classes()[label].name << " " << probability << "\n";

#include <imgcls/augment/transform.h>
#include <imgcls/core/log.h>
#include <imgcls/data/class_names.h>
#include <imgcls/image/image.h>
#include <imgcls/models/model.h>
#include <imgcls/train/options.h>
#include <imgcls/train/run_weights.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// Weights, and what images are to be made into for them.
struct ClassifierOptions {
  /// A name that models::create knows.
  std::string model;
  /// A file of weights (safetensors or .pth), or a run's folder (train/run_weights.h).
  std::filesystem::path weights;
  /// Which of several state dicts in it (models::LoadOptions); empty: the usual one.
  std::string key = {};
  /// The classes in the order of their numbers; empty: ImageNet's thousand.
  std::vector<data::ClassName> classes = {};
  /// What is done to an image. size 0: the model's published input size; resize -1: 256 / 224 of
  /// the size.
  data::EvalOptions transform = {.size = 0, .resize = -1};
  /// Of the images, before the network: the data's that the weights were trained on.
  train::Normalization normalization = {};
  /// Average each image's logits with its mirror image's.
  bool flip = false;
  /// Images have any number of classes each: a class's probability is the sigmoid of its logit.
  bool multi_label = false;
};

/// A class that an image may be of.
struct Prediction {
  std::int64_t label;  ///< the class's number
  /// Softmax of the logits: NaN where a logit is infinite. Multi-label: sigmoid of the class's.
  float probability;
};

/// What became of one of many images.
struct Classified {
  std::vector<Prediction> top;  ///< most probable first; empty where there is an error
  std::string error;            ///< why the image could not be read, or has no prediction
};

/// A model with its weights, its classes and its transform of images. Its members are const and may
/// be called from several threads at once: they share the weights.
class Classifier {
 public:
  /// Throws ConfigError for an unknown model, WeightsError where the weights do not fit, IoError.
  /// `log` hears which weights were taken where there is a choice.
  explicit Classifier(const ClassifierOptions& options, const Log& log = Log());

  /// The weights of a run's folder, the newest good checkpoint's or the best ones, with the run's
  /// classes and transform. Throws CheckpointError where there are none. `log` hears of broken
  /// checkpoints.
  static Classifier from_run(const std::filesystem::path& run, const Log& log = Log(),
                             train::RunWeights which = train::RunWeights::newest);

  /// In the order of the logits.
  const std::vector<data::ClassName>& classes() const { return classes_; }
  /// Whether each class has a probability of its own (ClassifierOptions::multi_label).
  bool is_multi_label() const { return multi_label_; }

  /// The `top` most probable classes of an image file, or of one in memory, which errors call
  /// `name`: those of the highest logits, of equals the lower number first, as evaluation counts.
  /// Throws DataError where it cannot be decoded, IoError where it cannot be read, WeightsError
  /// where a logit is a NaN.
  std::vector<Prediction> classify(const std::filesystem::path& file, int top = 5) const;
  /// Of a file in memory, in any format that decode (image/decode.h) knows.
  std::vector<Prediction> classify(std::span<const std::byte> file, std::string_view name,
                                   int top = 5) const;

  /// The same for many files, decoded by `threads` threads (0: one for each core) and computed as
  /// one batch: as much memory as that takes. Where one file would throw, an error stands in its
  /// place.
  std::vector<Classified> classify(std::span<const std::filesystem::path> files, int top = 5,
                                   int threads = 0) const;

 private:
  Classifier(models::Model model, std::vector<data::ClassName> classes,
             const data::EvalOptions& transform, const train::Normalization& normalization,
             bool flip, bool multi_label);

  std::vector<std::uint8_t> pixels(std::span<const std::byte> file, std::string_view name) const;
  /// Of images that lie one behind the other, each the transform's crops of size x size x 3; empty
  /// where a logit is a NaN.
  std::vector<std::vector<Prediction>> predict(std::span<const std::uint8_t> images, int top) const;

  models::Model model_;
  std::vector<data::ClassName> classes_;
  data::EvalOptions transform_;
  train::Normalization normalization_;
  bool flip_, multi_label_;
};

}  // namespace imgcls
