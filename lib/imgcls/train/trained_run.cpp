#include <imgcls/models/weights.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/trained_run.h>

#include <string>
#include <utility>

namespace imgcls::train {

TrainedRun open_run(const std::filesystem::path& run, RunWeights which, const Log& log) {
  const RunFiles files{run};
  const std::filesystem::path weights = weights_of_run(files, which, log);
  const std::vector<std::string> config_file{files.config().string()};
  Config config = Config::load(config_file);
  auto classes = data::read_class_names(files.classes(), data::Repeats::allowed);
  RunOptions options = run_options(config);
  models::Model model = create_model(options, classes.size());
  models::load_weights(model, weights);
  return {.config = std::move(config),
          .options = std::move(options),
          .classes = std::move(classes),
          .model = std::move(model),
          .weights = weights};
}

}  // namespace imgcls::train
