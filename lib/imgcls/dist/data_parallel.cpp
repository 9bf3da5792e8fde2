#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/models/weights.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace imgcls::dist {
namespace {

using models::NamedTensor;

// DistributedDataParallel's sizes: a small first bucket, so that sending starts early.
constexpr std::size_t kFirstBucketBytes = 1 << 20;
constexpr std::size_t kBucketBytes = 25 << 20;
constexpr std::size_t kBroadcastBytes = 250 << 20;

std::string describe(const NamedTensor& named) {
  const at::Tensor& tensor = named.tensor;
  return fmt::format("{} {} [{}] with strides [{}]{}", named.name,
                     c10::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "),
                     fmt::join(tensor.strides(), ", "), tensor.requires_grad() ? "" : ", frozen");
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

// Where two models first differ, in words.
std::string first_difference(const std::vector<std::string>& lines,
                             const std::vector<std::string>& other) {
  const auto [mine, theirs] = std::mismatch(lines.begin(), lines.end(), other.begin(), other.end());
  return fmt::format("{} against {}", mine == lines.end() ? "nothing" : *mine,
                     theirs == other.end() ? "nothing" : *theirs);
}

void check_same_model(const std::vector<NamedTensor>& tensors, World& world) {
  std::string mine;
  for (const NamedTensor& named : tensors) mine += describe(named) + '\n';
  const std::vector<std::string> all = world.gather(mine);
  const auto other = std::find_if(all.begin(), all.end(),
                                  [&](const std::string& text) { return text != all.front(); });
  if (other == all.end()) return;
  throw DistError(fmt::format("ranks 0 and {} hold different models: {}", other - all.begin(),
                              first_difference(lines_of(all.front()), lines_of(*other))));
}

std::vector<at::Tensor> detached(const std::vector<NamedTensor>& named) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(named.size());
  for (const NamedTensor& each : named) tensors.push_back(each.tensor.detach());
  return tensors;
}

// The replicas' gradients come out of it averaged. Parameters go in from the last to the first,
// about the order in which the backward pass has them ready, and its buckets hold them in that
// order in each step of each start.
std::unique_ptr<c10d::Reducer> make_reducer(std::vector<NamedTensor> named,
                                            const c10::intrusive_ptr<c10d::ProcessGroup>& group) {
  std::reverse(named.begin(), named.end());
  std::vector<at::Tensor> parameters;
  std::unordered_map<std::size_t, std::string> names;
  for (const NamedTensor& each : named) {
    if (!each.tensor.requires_grad()) continue;
    names.emplace(parameters.size(), each.name);
    parameters.push_back(each.tensor);
  }
  if (parameters.empty()) return nullptr;

  auto buckets = std::get<0>(
      c10d::compute_bucket_assignment_by_size(parameters, {kFirstBucketBytes, kBucketBytes}));
  const std::vector<bool> sparse(parameters.size(), false);
  // Gradients as views of the buckets save a copy of all gradients. An optimizer may set them to
  // undefined, zero them or change them in place, but not detach them.
  constexpr bool kGradientsAreViews = true;
  auto reducer = std::make_unique<c10d::Reducer>(
      std::move(parameters), std::move(buckets), group, sparse,
      static_cast<std::int64_t>(kBucketBytes), /*find_unused_parameters=*/false, kGradientsAreViews,
      std::move(names), static_cast<std::int64_t>(kFirstBucketBytes),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
      /*bucket_bytes_cap_list=*/std::vector<std::int64_t>{});
  // A reducer rebuilds its buckets once, commonly after the first step, in the order in which that
  // step had the gradients ready. A run that goes on would then add in another order in its first
  // step than one that had not stopped, where the order depends on a gradient's place, as NCCL's
  // does. So it does that here, in the order of the parameters.
  reducer->push_rebuilt_params_for_all_indices();
  reducer->rebuild_buckets();
  return reducer;
}

}  // namespace

struct DataParallel::State {
  models::Model& model;
  c10::intrusive_ptr<c10d::ProcessGroup> group;  // null in a world of one
  std::vector<at::Tensor> buffers;
  std::unique_ptr<c10d::Reducer> reducer;
  bool broadcasts_buffers = false;
  bool step_has_begun = false;  // a micro-batch of it has been through the model
};

DataParallel::DataParallel(models::Model& model, World& world, const DataParallelOptions& options)
    : state_(std::make_unique<State>(State{model, {}, {}, {}})) {
  state_->broadcasts_buffers = options.broadcast_buffers;
  if (world.process_group() == nullptr) return;
  state_->group =
      c10::intrusive_ptr<c10d::ProcessGroup>::unsafe_reclaim_from_nonowning(world.process_group());

  const std::vector<NamedTensor> all = models::state(model);
  check_same_model(all, world);

  c10d::broadcast_coalesced(state_->group, detached(all), kBroadcastBytes);
  state_->buffers = detached(model.buffers());
  if (options.averages) state_->reducer = make_reducer(model.parameters(), state_->group);
  if (state_->reducer && options.compression == Compression::fp16) {
    state_->reducer->register_builtin_comm_hook(c10d::BuiltinCommHookType::FP16_COMPRESS);
  }
}

DataParallel::~DataParallel() = default;

at::Tensor DataParallel::forward(const at::Tensor& images, Gradients gradients) {
  const bool trains = state_->reducer && state_->model.is_training() && at::GradMode::is_enabled();
  if (!trains) return state_->model.forward(images);
  if (state_->broadcasts_buffers && !state_->step_has_begun) sync_buffers();
  state_->step_has_begun = gradients == Gradients::keep;
  // The reducer leaves gradients alone in a backward pass for which it has not been prepared.
  if (gradients == Gradients::keep) return state_->model.forward(images);
  state_->reducer->prepare_for_forward();
  at::Tensor logits = state_->model.forward(images);
  state_->reducer->prepare_for_backward({});
  return logits;
}

const models::Model& DataParallel::model() const {
  return state_->model;
}

std::vector<models::Auxiliary> DataParallel::auxiliary() const {
  return state_->model.auxiliary();
}

void DataParallel::sync_buffers() {
  if (!state_->group || state_->buffers.empty()) return;
  const at::NoGradGuard no_grad;
  c10d::broadcast_coalesced(state_->group, state_->buffers, kBroadcastBytes);
}

}  // namespace imgcls::dist
