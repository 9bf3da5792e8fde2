#pragma once
// What is minimized, chosen by name ("loss.name"): the table of losses.

#include <ATen/core/Tensor.h>
#include <imgcls/core/registry.h>
#include <imgcls/train/recipe/targets.h>

#include <any>
#include <functional>
#include <string>

namespace imgcls::train {

struct LossOptions {
  /// One of losses(): "cross_entropy", "bce", "focal", "asymmetric", "poly".
  std::string name = "cross_entropy";
  /// Options that the named loss has alone, its own struct (losses.h); empty: defaults.
  std::any own = {};
};

/// The mean over images of the loss (a scalar) of logits, float N x K. `smoothing` is
/// train.label_smoothing: that share of the target is spread over all classes.
using Loss =
    std::function<at::Tensor(const at::Tensor& logits, const Targets& targets, double smoothing)>;

struct LossEntry {
  std::string name;
  std::string summary;
  /// Its options that no other has: "loss.<name>.*".
  OwnFields own = {};
  std::function<Loss(const LossOptions&)> make = {};
};

/// All that there are; a program adds its own with `losses().add({...})`
/// (examples/060-own-ingredients.cpp).
Registry<LossEntry>& losses();

const OptionFields<LossOptions>& loss_fields();

}  // namespace imgcls::train
