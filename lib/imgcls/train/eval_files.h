#pragma once
// The files that tell of an evaluation: a run's eval/ folder, and what `imgcls eval -o` writes.
//
//   eval.json        counts, accuracies, loss, calibration error; null where one is infinite or NaN
//   per_class.csv    confusion.csv or confusion_pairs.csv    confusion.png
//                    see train/eval_details.h
//   mistakes.csv     the worst mistakes, from the worst on; "predicted" is empty where there is
//   none mistakes/NN.jpg  their images, small
//
// Of multi-label data eval.json has map, micro_f1 and macro_f1 instead of accuracies, per_class.csv
// the columns class, id, images, found, wrong, ap and f1 (train/multi_label.h; shares in %, empty
// where a class has no image), and there are no other files.

#include <imgcls/data/source.h>
#include <imgcls/train/eval_details.h>
#include <imgcls/train/evaluate.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace imgcls::train {

/// What is said of an evaluation besides its figures. Left out of eval.json where unset.
struct EvalOrigin {
  std::optional<std::int64_t> step;    ///< the optimizer step after which it was
  std::optional<std::string> weights;  ///< the file that was evaluated
};

/// Writes the files into `folder`, which is made where it is absent. `source` is what was
/// evaluated. Throws IoError; an image that cannot be read again has no thumbnail.
void write_eval_files(const std::filesystem::path& folder, const EvalCounts& counts,
                      const EvalDetails& details, const data::Source& source,
                      const EvalOrigin& origin);

}  // namespace imgcls::train
