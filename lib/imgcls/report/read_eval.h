#pragma once
// The folder eval/ of a run: how its newest evaluation went, class by class and image by image.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// A line of classes.txt.
struct ClassLabel {
  std::string id;    ///< what the files call the class (core/quoted_name.h)
  std::string name;  ///< for people
};

/// A row of per_class.csv.
struct ClassResult {
  std::string name;                    ///< for people
  std::int64_t images = 0, right = 0;  ///< of this class: all, and those that were taken for it
  /// Of multi-label data, instead of `right`: average precision, 0 to 1, and NaN for a class
  /// without images.
  std::optional<double> ap = {};
};

/// Images of one class that were taken for another, or rightly for their own.
struct Confusion {
  std::size_t truth = 0, predicted = 0;  ///< numbers of classes
  std::int64_t images = 0;               ///< at least 1
};

/// An image that the network got wrong.
struct Mistake {
  std::string name;              ///< the image's file
  std::string truth, predicted;  ///< names of classes; predicted is empty where there is none
  double probability = 0;        ///< of the predicted class, 0 to 1, or NaN
  double loss = 0;               ///< may be infinite or NaN
  std::string thumbnail;         ///< bytes of a JPEG; empty where there is none
};

/// An image that the network was trained on, as it was augmented.
struct TrainingImage {
  std::string label;    ///< the name of its class; of several, with commas between them
  std::string picture;  ///< bytes of a JPEG; empty where there is none
};

/// What a folder eval/ holds.
struct EvalFiles {
  nlohmann::json summary;            ///< eval.json; null where it is missing
  std::vector<ClassResult> classes;  ///< in the order of their numbers
  /// What occurred, by `truth` and then `predicted`; an image without a prediction is in none.
  /// Unset where confusion.csv and confusion_pairs.csv are missing.
  std::optional<std::vector<Confusion>> confusion;
  std::vector<Mistake> mistakes;  ///< the worst first
};

/// Reads classes.txt: a line "id" or "id<TAB>name" for each class.
std::vector<ClassLabel> read_class_labels(const std::filesystem::path& file);

/// Reads a folder eval/, where `labels` tell what its class ids are called. Nothing where it holds
/// none of the files. Throws IoError, and DataError naming file and line of what is not as it
/// should be.
std::optional<EvalFiles> read_eval_files(const std::filesystem::path& folder,
                                         std::span<const ClassLabel> labels);

/// Reads a folder augmented/: its images in their order, none where it is missing. Throws likewise.
std::vector<TrainingImage> read_augmented(const std::filesystem::path& folder,
                                          std::span<const ClassLabel> labels);

}  // namespace imgcls::report
