#pragma once
// Averages of the weights, chosen by name ("average.name"). They are evaluated instead of the
// weights that are trained, and stand beside these in each checkpoint, as average.safetensors.

#include <imgcls/core/registry.h>
#include <imgcls/models/model.h>
#include <imgcls/train/recipe/ingredient.h>

#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace imgcls::train {

/// The section `average`.
struct AverageOptions {
  /// "none", or one of averages().
  std::string name = "none";
  /// Steps from one update to the next.
  std::int64_t every_steps = 1;
  /// Epochs before the average begins; until then it is the weights themselves.
  double from_epoch = 0;
  /// Also averages the buffers (batch norm's running statistics); else they are the model's.
  bool buffers = true;
  /// Options that the named average has alone, its own struct; empty: defaults.
  std::any own = {};
};

/// Exponential moving average: share 1 - decay of the new weights at each update.
struct EmaOptions {
  double decay = 0.9998;  ///< share of the average that stays at each update, below 1
  /// At update n (the first is 0) at most 1 - (1 + n)^-(2/3), as timm's ModelEmaV3 warms up.
  bool warmup = false;
};

/// Mean of the weights at the ends of the last epochs (Kaddour, arXiv:2209.14981).
struct LawaOptions {
  /// Of how many.
  int last = 5;
};

/// Share of the new weights at update `n` (the first is 0, when the average is a copy).
using AverageShare = std::function<double(std::int64_t n)>;

/// An average as the table has it.
struct AverageEntry {
  std::string name;     ///< what `average.name` calls it
  std::string summary;  ///< a line for help and the schema
  /// Its options that no other has: "average.<name>".
  OwnFields own = {};
  /// From the options (`own` among them): its shares; null where `whole` makes it.
  std::function<AverageShare(const AverageOptions&)> make = {};
  /// Where an average is no matter of shares: what makes all of it; else null.
  std::function<std::unique_ptr<Ingredient>(const AverageOptions&, const models::Model&)> whole =
      {};
};

/// All that there are: "ema", "lawa", and "swa", the mean of all (Izmailov et al.,
/// arXiv:1803.05407). A program adds its own with `averages().add({...})`.
Registry<AverageEntry>& averages();

/// The ingredient; null where nothing is averaged. Throws ConfigError for an unknown name. The
/// model is on its device by then; its copies share the weights.
std::unique_ptr<Ingredient> make_average(const AverageOptions& options, const models::Model& model);

const OptionFields<AverageOptions>& average_fields();  ///< keys of the section `average`

}  // namespace imgcls::train
