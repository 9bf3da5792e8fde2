#include <imgcls/core/share.h>
#include <imgcls/models/statistics_recount.h>
#include <imgcls/train/part_statistics.h>
#include <imgcls/train/run_evaluator.h>
#include <imgcls/train/step.h>
#include <imgcls/train/wait_for_data.h>

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>

namespace imgcls::train {

RunEvaluator::RunEvaluator(std::shared_ptr<const data::Source> source, Replica& replica,
                           dist::World& world, ConsoleLogger& console)
    : source_(std::move(source)), replica_(replica), world_(world), console_(console) {
  data::LoaderOptions loading = eval_loader_options(replica.options(), world.rank(), world.size());
  replica.input().prepare(loading);
  loader_ = std::make_unique<data::Loader>(source_, std::move(loading));
}

bool RunEvaluator::recompute_statistics(const Position& position,
                                        const std::function<bool()>& stopped) {
  const RunOptions& options = replica_.options();
  const std::size_t images = options.eval.bn_images;
  if (images == 0 || !models::StatisticsRecount::has(replica_.model())) return false;
  const std::size_t batches =
      std::min((images + options.batch - 1) / options.batch, replica_.loader().batches_per_epoch());
  console_.begin_phase();
  return replica_.recipe().with_weights_to_evaluate(
      [&] { return average_over(batches, position, stopped); });
}

bool RunEvaluator::average_over(std::size_t batches, const Position& position,
                                const std::function<bool()>& stopped) {
  const at::NoGradGuard no_grad;
  const RunOptions& options = replica_.options();
  const int parts = options.shards > 0 ? options.shards : world_.size();
  const Share<int> mine = share_of(parts, world_.rank(), world_.size());
  models::StatisticsRecount recount(replica_.model());
  PartStatistics statistics(parts);
  data::Loader& loader = replica_.loader();
  loader.start(position.epoch);
  for (std::size_t done = 0; done < batches; ++done) {
    const auto shown = std::min(done * options.batch, options.eval.bn_images);
    console_.batches("batch norm", done, batches, shown, position);
    const auto [batch, stopped_by] =
        wait_for_data(loader, world_, [&] { return stopped() ? 1 : 0; });
    if (stopped_by != 0) return false;
    const at::Tensor images = replica_.input()(*batch).images;
    const std::int64_t size = images.size(0) / mine.count;
    for (int i = 0; i < mine.count; ++i) {
      const int part = mine.first + i;
      recount.restart();
      seed_step(options.seed, position.step + static_cast<std::int64_t>(done), part);
      replica_.model().forward(images.narrow(0, i * size, size));
      statistics.add(part, recount.values());
    }
  }
  statistics.average(recount.values(), batches, world_);
  recount.keep(static_cast<std::int64_t>(batches));
  return true;
}

std::optional<EvalCounts> RunEvaluator::evaluate(const Position& position, EvalDetails& details,
                                                 const std::function<bool()>& stopped) {
  console_.begin_phase();
  replica_.sync_buffers();
  const EvalRunOptions& options = replica_.options().eval;
  const std::size_t total = loader_->batches_per_epoch();
  const auto go_on = [&](std::size_t done) {
    const std::size_t images = std::min(source_->size(), done * options.batch);
    console_.batches("evaluating", done, total, images, position);
    return !stopped();
  };
  const EvalCounts counts = replica_.recipe().with_weights_to_evaluate([&] {
    if (replica_.recipe().has_weights()) replica_.sync_buffers();  // an average's own
    std::optional<kernels::ExactConvolutionsGuard> exact;
    if (!options.fast_convolutions) exact.emplace();
    return train::evaluate(replica_.model(), *loader_, replica_.input(), world_, options.flip,
                           go_on, &details);
  });
  seconds_ = console_.phase_seconds();
  if (counts.images < 0) return std::nullopt;
  return counts;
}

}  // namespace imgcls::train
