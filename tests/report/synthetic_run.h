#pragma once
// Folders of runs as the trainer leaves them, with figures made up by formulas.

#include <filesystem>
#include <string>
#include <vector>

namespace imgcls::test {

struct SyntheticRun {
  int seed = 0;
  double lr = 0.4;
  int epochs = 16;       ///< of the recipe
  int done_epochs = 16;  ///< evaluated
  int steps_per_epoch = 97;
  int every = 10;  ///< steps from one row of steps.csv to the next
  std::vector<std::string> classes{"airplane", "automobile", "bird",  "cat",  "deer",
                                   "dog",      "frog",       "horse", "ship", "truck"};
  bool details = true;  ///< eval/, augmented/
};

/// Writes config.json, environment.json, classes.txt, train_log.csv, steps.csv and, where asked
/// for, eval/ with thumbnails.
void write_run(const std::filesystem::path& folder, const SyntheticRun& run);

}  // namespace imgcls::test
