#pragma once
// A run of the toy network on the toy images: seconds, and all that a run has.

#include <imgcls/dist/world.h>
#include <imgcls/train/trainer.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "toy_net.h"
#include "toy_source.h"

namespace imgcls::test {

/// Two epochs of four steps.
inline train::RunOptions toy_options(const std::filesystem::path& folder) {
  train::RunOptions o;
  o.epochs = 2;
  o.batch = 16;
  o.threads = 1;
  o.label_smoothing = 0.1;
  o.data.threads = 1;
  o.augment = {.size = 12, .crop = data::CropKind::pad, .pad = 1, .flip = 0};
  o.eval = {.transform = {.size = 12, .resize = 0}, .batch = 20};
  o.optimizer.groups = {{.pattern = "bn", .weight_decay = 0.0, .lr_scale = {}}};
  o.schedule = {.warmup_epochs = 0.5};
  o.folder = folder;
  return o;
}

/// Trains the toy network as `options` say; the model is made anew each time.
inline train::TrainResult train_toy(const train::RunOptions& options,
                                    std::shared_ptr<const data::Source> source = nullptr,
                                    std::shared_ptr<const data::Source> val = nullptr) {
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  train::configure_torch(options, *world);
  if (!source) source = std::make_shared<ToySource>(70, 1);
  if (!val) val = std::make_shared<ToySource>(50, 2);
  train::Trainer trainer(toy_model(), std::move(source), std::move(val), options, *world);
  return trainer.run();
}

}  // namespace imgcls::test
