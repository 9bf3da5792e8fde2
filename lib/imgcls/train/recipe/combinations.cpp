#include <imgcls/augment/grey16_options.h>
#include <imgcls/core/error.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/optim/schedules.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/recipe/mixes.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::train {

namespace {

/// What a schedule changes besides the rate.
void require_changeable(const RunOptions& options) {
  const std::optional<double> last = options.schedule.final_weight_decay;
  if (last && options.optimizer.weight_decay == 0) {
    throw ConfigError(fmt::format(
        "schedule.final_weight_decay={} needs an optimizer.weight_decay above 0 to begin with",
        *last));
  }
  const std::string &schedule = options.schedule.name, &optimizer = options.optimizer.name;
  if (!optim::momentum({.name = schedule, .own = options.schedule.own}, 0)) return;
  if (!optim::optimizers().at(optimizer).sets_momentum) {
    throw ConfigError(
        fmt::format("schedule.{}.cycle_momentum is for adam, adamw, sgd, sgdw, not for "
                    "optimizer.name={}",
                    schedule, optimizer));
  }
  if (optimizer == "sgd" && options.optimizer.momentum == 0) {
    throw ConfigError(
        fmt::format("schedule.{}.cycle_momentum needs an optimizer.momentum above 0: without, sgd "
                    "keeps none",
                    schedule));
  }
}

void require_one_teacher(const DistillationOptions& options) {
  const bool zoo = !options.model.empty() || !options.weights.empty();
  if (zoo && !options.run.empty()) {
    throw ConfigError(fmt::format(
        "distillation.run={} is a teacher, and so are distillation.model and distillation.weights; "
        "give one of them",
        options.run));
  }
  if (!zoo || (!options.model.empty() && !options.weights.empty())) return;
  throw ConfigError(options.weights.empty()
                        ? fmt::format("distillation.model={} needs distillation.weights: nothing "
                                      "is learnt from a teacher that was not trained",
                                      options.model)
                        : fmt::format("distillation.weights={} needs distillation.model, whose "
                                      "weights they are",
                                      options.weights));
}

void require_end_of_freezing(const RunOptions& options) {
  const int epoch = options.model.unfreeze_epoch;
  if (epoch == 0 || epoch < options.epochs) return;
  throw ConfigError(fmt::format(
      "model.unfreeze_epoch={} never comes with train.epochs={}, as epochs are counted from 0; "
      "leave it out for parts that stay frozen",
      epoch, options.epochs));
}

/// What has no meaning, or another on each number of ranks, where shards are trained one by one.
void require_independent_shards(const RunOptions& options) {
  if (options.shards == 0) return;
  const auto refuse = [&](std::string_view what, std::string_view why) {
    throw ConfigError(
        fmt::format("train.shards={} does not go with {}: {}", options.shards, what, why));
  };
  if (options.sync_bn) refuse("train.sync_bn=true", "each shard has statistics of its own");
  if (options.accumulate > 1) {
    refuse(fmt::format("train.accumulate={}", options.accumulate),
           "shards are micro-batches already; take more of them");
  }
  if (options.compress != dist::Compression::none) {
    refuse("dist.compress=fp16", "sums of rounded gradients depend on the number of ranks");
  }
  require_equal_shards(options);
}

void require_bits(const RunOptions& options) {
  const Normalization& data = options.data.normalization;
  if (data.bits == 8) return;
  if (data.bits != 16) {
    throw ConfigError(fmt::format("data.bits={}: pixels have 8 bits, or 16 (grey)", data.bits));
  }
  if (data.channels != 1) {
    throw ConfigError(
        "data.bits=16 is for grey images: give data.channels=1, too, with one mean "
        "and one standard deviation");
  }
  data::require_16_bit_form(options.augment);
  data::require_16_bit_form(options.eval.transform);
}

void require_channels(const Normalization& data) {
  if (data.channels == 3) return;
  if (data.channels != 1) {
    throw ConfigError(
        fmt::format("data.channels={}: networks are shown 3 channels, or 1 (grey)", data.channels));
  }
  const auto require_one = [](const char* key, const std::array<double, 3>& values) {
    if (values[0] == values[1] && values[1] == values[2]) return;
    throw ConfigError(fmt::format(
        "data.channels=1 has one {0}: give data.{0} three equal numbers, not {1}", key, values));
  };
  require_one("mean", data.mean);
  require_one("std", data.std);
}

/// A rate that evaluations reduce.
void require_evaluations(const RunOptions& options) {
  if (options.schedule.name != "plateau") return;
  if (options.eval.every_epochs >= options.epochs) {
    throw ConfigError(fmt::format(
        "schedule.name=plateau reduces the rate after evaluations, and eval.every_epochs={} of "
        "train.epochs={} leaves none before the last; give a smaller one",
        options.eval.every_epochs, options.epochs));
  }
  const auto own = OwnFields::own_options<optim::PlateauOptions>(options.schedule.own);
  if (own.threshold_mode == optim::ThresholdMode::relative && own.threshold >= 1) {
    throw ConfigError(fmt::format(
        "schedule.plateau.threshold={} must be below 1, a share of the best figure, with "
        "schedule.plateau.threshold_mode=rel",
        own.threshold));
  }
}

/// Times at which weights are averaged.
void require_epochs(const AverageOptions& options) {
  if (options.name != "lawa" || options.every_steps == 1) return;
  throw ConfigError(
      fmt::format("average.name=lawa takes the weights at the ends of epochs: leave "
                  "average.every_steps at 1, not {}",
                  options.every_steps));
}

/// What is to grow over a run.
void require_something_to_grow(const RunOptions& options) {
  const ProgressiveOptions& first = options.progressive;
  if (first.stages == 1) {
    throw ConfigError("progressive.stages must be 0, or at least 2: one stage grows to nothing");
  }
  for (const auto& [key, value] :
       {std::pair("magnitude", first.magnitude), std::pair("mixup_alpha", first.mixup_alpha),
        std::pair("dropout", first.dropout)}) {
    if (value >= 0 || value == ProgressiveOptions::kNone) continue;
    throw ConfigError(fmt::format("progressive.{} must be at least 0, or -1, not {}", key, value));
  }
  const auto require_room = [](const char* key, double value, const char* to, double last) {
    if (value <= last) return;
    throw ConfigError(fmt::format("progressive.{} must be at most {}={}, to which it grows, not {}",
                                  key, to, last, value));
  };
  if (first.magnitude != ProgressiveOptions::kNone) {
    const std::optional<double> last = magnitude_of(options.augment);
    if (!last) {
      throw ConfigError(fmt::format(
          "progressive.magnitude={} is for augment.policy=rand_augment or timm_rand_augment, not "
          "for {}",
          first.magnitude, options.augment.policy));
    }
    require_room("magnitude", first.magnitude, "the policy's magnitude", *last);
  }
  if (first.mixup_alpha == ProgressiveOptions::kNone) return;
  if (std::ranges::find(options.mix.kinds, "mixup") == options.mix.kinds.end()) {
    throw ConfigError(
        fmt::format("progressive.mixup_alpha={} needs \"mixup\" in mix.kinds", first.mixup_alpha));
  }
  const auto own = options.mix.own.find("mixup");
  const auto last =
      OwnFields::own_options<MixupOptions>(own == options.mix.own.end() ? std::any() : own->second);
  require_room("mixup_alpha", first.mixup_alpha, "mix.mixup.alpha", last.alpha);
}

/// Several views of an image, of training or of evaluation.
void require_views(const RunOptions& options) {
  const int views = options.augment.views;
  if (options.loss.name == "jsd" && views == 1) {
    throw ConfigError(
        "loss.name=jsd compares views of an image: give augment.views=3, the paper's number, or at "
        "least 2");
  }
  if (views > 1 && !options.mix.kinds.empty()) {
    throw ConfigError(fmt::format(
        "mix.kinds mixes images of one view each: leave it empty, or augment.views at 1, not {}",
        views));
  }
  const data::EvalOptions& eval = options.eval.transform;
  if (eval.crops > 1 && eval.resize != 0 && eval.resize < eval.size) {
    throw ConfigError(
        fmt::format("eval.crops={} cuts squares of eval.size={} from an image whose shorter side "
                    "is eval.resize={}; give at least {}",
                    eval.crops, eval.size, eval.resize, eval.size));
  }
}

std::vector<std::string> multi_label_losses() {
  std::vector<std::string> names;
  for (const std::string& name : losses().names()) {
    if (losses().at(name).multi_label) names.push_back(name);
  }
  return names;
}

/// What needs one class an image, or several.
void require_labels(const RunOptions& options) {
  const Metric metric = options.eval.metric;
  const std::string_view metric_name = name_in(kMetrics, metric);
  if (!options.data.multi_label) {
    if (metric != Metric::map) return;
    throw ConfigError(
        "eval.metric=map is for data.multi_label=true; of images with one class each take acc1, "
        "acc5 or loss");
  }
  const auto refuse = [](std::string_view what, std::string_view why) {
    throw ConfigError(fmt::format("{} does not go with data.multi_label=true: {}", what, why));
  };
  if (!losses().at(options.loss.name).multi_label) {
    refuse("loss.name=" + options.loss.name, fmt::format("it takes one class an image; take {}",
                                                         fmt::join(multi_label_losses(), ", ")));
  }
  if (metric == Metric::acc1 || metric == Metric::acc5) {
    refuse(fmt::format("eval.metric={}", metric_name),
           "images have any number of classes; take map or loss");
  }
  if (options.label_smoothing > 0) {
    refuse(fmt::format("train.label_smoothing={}", options.label_smoothing),
           "it spreads one class's target over all; leave it at 0");
  }
  if (options.data.sampling == data::Sampler::balanced) {
    refuse("data.sampling=balanced", "an image counts for several classes; take all");
  }
  if (options.loss.balanced) {
    refuse("loss.balanced=true",
           "an image counts for several classes; give loss.class_weights instead");
  }
  const DistillationOptions& teacher = options.distillation;
  if (teacher.teacher || !teacher.model.empty() || !teacher.run.empty()) {
    refuse("distillation.*", "what is learnt from a teacher is which one class it finds likeliest");
  }
}

}  // namespace

void require_labels_as_told(const RunOptions& options, const data::Source& source,
                            std::string_view what) {
  const bool told = options.data.multi_label;
  if (source.size() == 0 || data::is_multi_label(source) == told) return;
  throw ConfigError(fmt::format(
      "the {} data's images have {} each, and data.multi_label={}: give data.multi_label={}{}",
      what, told ? "one class" : "any number of classes", told, !told,
      told ? ", or data.format=list, or a source with label_set" : ""));
}

void require_equal_shards(const RunOptions& options) {
  if (options.shards == 0 || options.batch % static_cast<std::size_t>(options.shards) == 0) return;
  throw ConfigError(
      fmt::format("train.batch={} cannot be cut into train.shards={} of equal size; expected a "
                  "multiple of {}",
                  options.batch, options.shards, options.shards));
}

void require_fitting(const RunOptions& options) {
  require_end_of_freezing(options);
  require_independent_shards(options);
  optim::require_valid(options.optimizer);
  require_views(options);
  require_channels(options.data.normalization);
  require_bits(options);
  require_labels(options);
  require_one_teacher(options.distillation);
  require_changeable(options);
  require_evaluations(options);
  require_epochs(options.average);
  require_something_to_grow(options);
  const std::string& optimizer = options.optimizer.name;
  if (!optim::optimizers().at(optimizer).averages) return;
  if (options.schedule.name != "constant") {
    throw ConfigError(fmt::format(
        "optimizer.name={} goes with schedule.name=constant alone, with or without a warm-up, not "
        "with schedule.name={}",
        optimizer, options.schedule.name));
  }
  if (options.average.name != "none") {
    throw ConfigError(fmt::format(
        "optimizer.name={} averages the weights itself: average.name must be none, not {}",
        optimizer, options.average.name));
  }
}

}  // namespace imgcls::train
