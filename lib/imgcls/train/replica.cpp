#include <imgcls/core/error.h>
#include <imgcls/dist/agree.h>
#include <imgcls/dist/rank_sharing.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/models/registry.h>
#include <imgcls/train/multi_label.h>
#include <imgcls/train/recipe/class_weights.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/replica.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace imgcls::train {
namespace {

double batch_factor(const RunOptions& options) {
  const double larger =
      static_cast<double>(options.batch) / static_cast<double>(options.schedule.base_batch);
  switch (options.schedule.batch_scaling) {
    case BatchScaling::none:
      return 1;
    case BatchScaling::linear:
      return larger;
    case BatchScaling::square_root:
      return std::sqrt(larger);
  }
  return 1;
}

optim::ScheduleOptions schedule_of(const RunOptions& options, std::size_t steps_per_epoch) {
  const auto per_epoch = static_cast<double>(steps_per_epoch);
  return {.name = options.schedule.name,
          .lr = options.optimizer.lr * batch_factor(options),
          .final_lr = options.schedule.final_lr,
          .weight_decay = options.optimizer.weight_decay,
          .final_weight_decay = options.schedule.final_weight_decay,
          .warmup_steps = std::llround(options.schedule.warmup_epochs * per_epoch),
          .warmup_from = options.schedule.warmup_from,
          .total_steps = static_cast<std::int64_t>(steps_per_epoch) * options.epochs,
          .steps_per_epoch = static_cast<std::int64_t>(steps_per_epoch),
          .own = options.schedule.own};
}

/// Of models that are made by their names; what another's takes nobody here knows.
void require_same_channels(const models::Model& model, int channels) {
  if (model.made_with() == nullptr || model.made_with()->channels == channels) return;
  throw ConfigError(fmt::format("{} was made for images of {} channels, and data.channels={}",
                                model.name(), model.made_with()->channels, channels));
}

}  // namespace

Replica::Replica(models::Model model, std::shared_ptr<const data::Source> source,
                 RunOptions options, dist::World& world)
    : options_(std::move(options)), world_(world), model_(std::move(model)) {
  if (options_.data.threads == 0) options_.data.threads = world_.cores();
  input_ = std::make_unique<InputStage>(options_.data.normalization, world_.device(),
                                        options_.channels_last);
  dist::agree(world_, [&] {
    require_fitting(options_);
    require_labels_as_told(options_, *source, "training");
    require_same_channels(model_, options_.data.normalization.channels);
    if (world_.device() == "cpu" && kernels::uses_fast_convolutions(options_.fast_convolutions)) {
      fast_convolutions_ = std::make_unique<kernels::FastConvolutionsGuard>();
    }
    options_.loss = with_class_weights(std::move(options_.loss), *source);
    model_.recompute(options_.recompute);
    if (options_.sync_bn) dist::synchronize_batch_norm(model_, world_);
    data::LoaderOptions loading = train_loader_options(options_, world_.rank(), world_.size());
    input_->prepare(loading);
    loader_ = std::make_unique<data::Loader>(source, std::move(loading));
  });
  schedule_ = schedule_of(options_, steps_per_epoch());

  dist::agree(world_,
              [&] { prepare_teacher(options_, source->classes().size(), world_.device()); });
  model_.to(world_.device());
  // Before the replicas are made: the reducer lays its buckets out by the parameters' strides.
  if (options_.channels_last) model_.to_channels_last();
  model_.train();
  if (model_.wants_image_fit()) fit_to_images(source);
  dist::agree(world_, [&] {
    optimizer_ = optim::make_optimizer(model_.parameters(), options_.optimizer,
                                       models::parameter_places(model_));
  });
  optimizer_->share_work(dist::share_among_ranks(world_));
  parallel_ = std::make_unique<dist::DataParallel>(
      model_, world_,
      dist::DataParallelOptions{.compression = options_.compress,
                                .broadcast_buffers = options_.broadcast_buffers,
                                .averages = options_.shards == 0});
  dist::agree(world_, [&] {
    if (options_.shards == 0) return;
    shards_ = std::make_unique<dist::ShardedGradients>(model_, world_, options_.shards);
  });
  step_ = std::make_unique<TrainStep>(*parallel_, *optimizer_, world_.device(), options_,
                                      shards_.get());
}

/// Every rank looks at the same images; the replicas then take rank 0's weights.
void Replica::fit_to_images(const std::shared_ptr<const data::Source>& source) {
  constexpr std::size_t kImages = 2048;
  dist::agree(world_, [&] {
    data::LoaderOptions options = train_loader_options(options_, /*rank=*/0, /*world=*/1);
    options.batch = std::min(kImages, source->size());
    options.shards = 0;
    options.prefetch = 1;
    data::Loader loader(source, options);
    loader.start(0);
    model_.fit_to_images((*input_)(*loader.next()).images);
  });
}

bool Replica::begin_epoch(std::uint32_t epoch) {
  const auto first = static_cast<std::uint32_t>(options_.model.unfreeze_epoch);
  if (first == 0 || epoch < first || model_.frozen_parts().empty()) return false;
  model_.unfreeze();
  parallel_->renew();
  if (shards_) shards_->renew();
  return true;
}

at::Tensor Replica::step(const data::Batch& batch, std::int64_t done, at::Tensor* gradient_norm) {
  if (!shards_) seed_step(options_.seed, done, world_.rank());  // else shard by shard
  const at::AutoGradMode with_grad(true);
  DeviceBatch inputs;
  {
    const StepRange range(ranges::kInput);
    inputs = (*input_)(batch, step_->input_type());
    if (options_.data.multi_label) {
      inputs.rows = label_rows(batch, loader_->source(), inputs.images.device());
    }
  }
  if (const auto momentum = optim::momentum(schedule_, done)) optimizer_->set_momentum(*momentum);
  optimizer_->scale_weight_decay(optim::weight_decay_factor(schedule_, done));
  const std::int64_t share = static_cast<std::int64_t>(batch.size) * batch.views;
  return (*step_)(inputs, learning_rate(done), gradient_norm,
                  {.seed = options_.seed,
                   .step = done,
                   .first = world_.rank() * share,
                   .steps_per_epoch = schedule_.steps_per_epoch});
}

std::size_t Replica::images_of_loss(const data::Batch& batch) const {
  if (!shards_) return batch.size;
  return world_.is_first() ? options_.batch : 0;
}

double Replica::learning_rate(std::int64_t done) const {
  return optim::learning_rate(schedule_, done);
}

}  // namespace imgcls::train
