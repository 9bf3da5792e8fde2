#include <imgcls/train/run_evaluator.h>

#include <algorithm>
#include <utility>

namespace imgcls::train {

RunEvaluator::RunEvaluator(std::shared_ptr<const data::Source> source, Replica& replica,
                           dist::World& world, Narrator& narrator)
    : source_(std::move(source)), replica_(replica), world_(world), narrator_(narrator) {
  data::LoaderOptions loading = eval_loader_options(replica.options(), world.rank(), world.size());
  replica.input().prepare(loading);
  loader_ = std::make_unique<data::Loader>(source_, std::move(loading));
}

std::optional<EvalCounts> RunEvaluator::evaluate(const Position& position, EvalDetails& details,
                                                 const std::function<bool()>& stopped) {
  narrator_.begin_phase();
  replica_.sync_buffers();
  const EvalRunOptions& options = replica_.options().eval;
  const std::size_t total = loader_->batches_per_epoch();
  const auto go_on = [&](std::size_t done) {
    const std::size_t images = std::min(source_->size(), done * options.batch);
    narrator_.eval_batches(done, total, images, position);
    return !stopped();
  };
  const EvalCounts counts = replica_.recipe().with_weights_to_evaluate([&] {
    if (replica_.recipe().has_weights()) replica_.sync_buffers();  // an average's own
    return train::evaluate(replica_.model(), *loader_, replica_.input(), world_, options.flip,
                           go_on, &details);
  });
  seconds_ = narrator_.phase_seconds();
  if (counts.images < 0) return std::nullopt;
  return counts;
}

}  // namespace imgcls::train
