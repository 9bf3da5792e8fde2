#pragma once
// Images mixed with each other: mixup, cutmix, and what a program adds (mixes()).
//
// Partners are neighbours in the global batch, the images at places 2k and 2k + 1, each of which is
// mixed into the other, with the same numbers or, by element, with its own. An epoch's order is
// random, so this is as good as a permutation of the batch, and a pair always lies on one rank: the
// number of ranks and of micro-batches changes nothing, and no image travels.

#include <imgcls/core/philox.h>
#include <imgcls/core/registry.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/recipe/ingredient.h>

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::train {

/// How often the dice are thrown.
enum class MixBy {
  batch,    ///< once a step: all pairs are mixed alike, as torchvision has it
  pair,     ///< for each pair by itself
  element,  ///< for each image by itself: timm's mode "elem"
};

/// The section `mix`.
struct MixOptions {
  /// Some of mixes(), of which one is drawn each time: "mixup", "cutmix", ...; none: no mixing.
  std::vector<std::string> kinds = {};
  /// Probability that anything is mixed.
  double prob = 1;
  MixBy by = MixBy::batch;  ///< what shares a draw
  /// Options of single kinds, by their names, each its own struct (mixes.h); absent: defaults.
  std::map<std::string, std::any> own = {};
};

/// Pairs that were mixed.
struct Mixed {
  at::Tensor first, second;  ///< as they were given
  at::Tensor shares;         ///< float, P or 1: what an image has kept of itself
};

/// Mixes P pairs, `first` and `second` of P x 3 x H x W. `draws` has the random numbers of each, or
/// one for all of them alike. By element, `second` are partners, and of what is returned `first`
/// alone is used.
using Mix = std::function<Mixed(const at::Tensor& first, const at::Tensor& second,
                                std::span<Random> draws)>;

/// A way of mixing as the table has it.
struct MixEntry {
  std::string name;     ///< what `mix.kinds` calls it
  std::string summary;  ///< a line for help and the schema
  /// Its options that no other has: "mix.<name>".
  OwnFields own = {};
  /// From its own options (empty: defaults): what mixes pairs.
  std::function<Mix(const std::any& own)> make = {};
};

/// All that there are; a program adds its own with `mixes().add({...})`.
Registry<MixEntry>& mixes();

/// The ingredient; null where nothing is to be mixed. With `progressive.mixup_alpha` mixup's alpha
/// grows over the epochs. Throws ConfigError for an unknown kind.
std::unique_ptr<Ingredient> make_mixer(const MixOptions& options,
                                       const ProgressiveOptions& progressive = {});

const OptionFields<MixOptions>& mix_fields();  ///< keys of the section `mix` that all kinds share
/// Fills options from the section, the kinds' own objects included; throws ConfigError.
void read_mix(const nlohmann::json& section, MixOptions& options);
/// The section that read_mix would fill such options from.
nlohmann::json write_mix(const MixOptions& options);

}  // namespace imgcls::train
