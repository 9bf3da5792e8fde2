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
  std::string id;    ///< what the files call the class
  std::string name;  ///< for people
};

struct ClassResult {
  std::string name;
  std::int64_t images = 0, right = 0;
};

/// An image that the network got wrong.
struct Mistake {
  std::string name;              ///< the image's file
  std::string truth, predicted;  ///< names of classes; predicted is empty where there is none
  double probability = 0;        ///< of the predicted class, 0 to 1, or NaN
  double loss = 0;               ///< may be infinite or NaN
  std::string thumbnail;         ///< bytes of a JPEG; empty where there is none
};

struct EvalFiles {
  nlohmann::json summary;            ///< eval.json; null where it is missing
  std::vector<ClassResult> classes;  ///< in the order of their numbers
  /// classes x classes images: rows are the images' classes, columns the predicted ones; an image
  /// without a prediction is in none. Empty where confusion.csv is missing.
  std::vector<std::int64_t> confusion;
  std::vector<Mistake> mistakes;  ///< the worst first
};

/// Reads classes.txt: a line "id" or "id<TAB>name" for each class.
std::vector<ClassLabel> read_class_labels(const std::filesystem::path& file);

/// Reads a folder eval/, where `labels` tell what its class ids are called. Nothing where it holds
/// none of the files. Throws IoError, and DataError naming file and line of what is not as it
/// should be.
std::optional<EvalFiles> read_eval_files(const std::filesystem::path& folder,
                                         std::span<const ClassLabel> labels);

}  // namespace imgcls::report
