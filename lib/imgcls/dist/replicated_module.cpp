#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/gradient_reducer.h>
#include <imgcls/dist/replicated_module.h>
#include <torch/nn/module.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace imgcls::dist {
namespace {

constexpr std::size_t kBroadcastBytes = 250 << 20;  // at once, as in DistributedDataParallel

using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

Group group_of(World& world) {
  return Group::unsafe_reclaim_from_nonowning(world.process_group());
}

/// Runs `work`; what LibTorch throws of it comes without its list of stack frames.
template <class Work>
auto in_words(const Work& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    throw DistError(error.what_without_backtrace());
  }
}

struct Item {
  std::string name;
  at::Tensor tensor;
};

/// Each tensor once, where several names are the same one's.
template <class Dict>
void append_new(const Dict& tensors, std::set<const void*>& seen, std::vector<Item>& items) {
  for (const auto& entry : tensors) {
    if (seen.insert(entry.value().unsafeGetTensorImpl()).second) {
      items.push_back({entry.key(), entry.value()});
    }
  }
}

std::string describe(const Item& item) {
  const at::Tensor& tensor = item.tensor;
  return fmt::format("{} {} [{}] with strides [{}]{}", item.name,
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

void check_same_model(const std::vector<Item>& items, World& world) {
  std::string mine;
  for (const Item& item : items) mine += describe(item) + '\n';
  const std::vector<std::string> all = world.gather(mine);
  const auto other = std::find_if(all.begin(), all.end(),
                                  [&](const std::string& text) { return text != all.front(); });
  if (other == all.end()) return;
  throw DistError(fmt::format("ranks 0 and {} hold different models: {}", other - all.begin(),
                              first_difference(lines_of(all.front()), lines_of(*other))));
}

// Ranks talk by CPU tensors and by those of this rank's own GPU.
void check_devices(const std::vector<Item>& items, const World& world) {
  for (const auto& [name, tensor] : items) {
    if (tensor.is_cpu() || tensor.device().str() == world.device()) continue;
    throw DistError(
        fmt::format("{} is on {}, but this rank's device is {}: move the module there before "
                    "(module->to(torch::Device(world->device())))",
                    name, tensor.device().str(), world.device()));
  }
}

std::vector<at::Tensor> detached(const std::vector<Item>& items) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(items.size());
  for (const Item& item : items) tensors.push_back(item.tensor.detach());
  return tensors;
}

std::unique_ptr<GradientReducer> make_reducer(const std::vector<Item>& parameters,
                                              const Group& group,
                                              const DistributedDataParallelOptions& options) {
  std::vector<TrainedParameter> trained;
  for (auto item = parameters.rbegin(); item != parameters.rend(); ++item) {
    if (item->tensor.requires_grad()) trained.push_back({item->name, item->tensor});
  }
  if (trained.empty()) return nullptr;
  return std::make_unique<GradientReducer>(
      std::move(trained), group,
      ReducerOptions{.bucket_bytes = static_cast<std::size_t>(options.bucket_cap_mb * (1 << 20)),
                     .views = options.gradient_as_bucket_view,
                     .find_unused = options.find_unused_parameters,
                     .fp16 = options.compression == Compression::fp16});
}

}  // namespace

struct ReplicatedModule::State {
  /// What a parameter was when the reducer was made for it.
  struct Made {
    std::string name;
    at::Tensor tensor;
    bool trains;
    at::Device device;
    at::ScalarType type;
  };

  Group group;
  std::vector<at::Tensor> buffers;
  std::vector<Made> made;
  std::unique_ptr<GradientReducer> reducer;  // null: nothing is trained
  bool broadcasts_buffers;
  bool step_has_begun = false;  // a micro-batch of it has been through the module

  void require_as_made() const {
    for (const auto& [name, tensor, trains, device, type] : made) {
      if (tensor.requires_grad() != trains) {
        throw DistError(fmt::format(
            "{} was {} after DistributedDataParallel was made: do so before, or make a new one",
            name, trains ? "frozen" : "unfrozen"));
      }
      if (tensor.device() != device || tensor.scalar_type() != type) {
        throw DistError(
            fmt::format("{} was {} {} when DistributedDataParallel was made, and is {} "
                        "{} now: move or convert the module before",
                        name, c10::toString(type), device.str(),
                        c10::toString(tensor.scalar_type()), tensor.device().str()));
      }
    }
  }
};

ReplicatedModule::ReplicatedModule(torch::nn::Module& module, World& world,
                                   const DistributedDataParallelOptions& options, bool averages) {
  if (!(options.bucket_cap_mb > 0 && options.bucket_cap_mb <= 1 << 20)) {
    throw DistError(fmt::format("bucket_cap_mb is {}: it must be above 0 and at most 1048576",
                                options.bucket_cap_mb));
  }
  if (world.process_group() == nullptr) return;

  std::set<const void*> seen;
  std::vector<Item> parameters, buffers;
  append_new(module.named_parameters(), seen, parameters);
  append_new(module.named_buffers(), seen, buffers);
  std::vector<Item> all = parameters;
  all.insert(all.end(), buffers.begin(), buffers.end());
  check_same_model(all, world);
  check_devices(all, world);

  state_ = std::make_unique<State>(State{.group = group_of(world),
                                         .buffers = detached(buffers),
                                         .made = {},
                                         .reducer = nullptr,
                                         .broadcasts_buffers = options.broadcast_buffers});
  for (const auto& [name, tensor] : parameters) {
    state_->made.push_back(
        {name, tensor, tensor.requires_grad(), tensor.device(), tensor.scalar_type()});
  }
  in_words([&] {
    c10d::broadcast_coalesced(state_->group, detached(all), kBroadcastBytes);
    if (averages) state_->reducer = make_reducer(parameters, state_->group, options);
  });
}

ReplicatedModule::~ReplicatedModule() = default;

void ReplicatedModule::before_forward(bool averages, bool is_training) {
  if (!state_ || !state_->reducer) return;
  state_->require_as_made();
  if (state_->broadcasts_buffers && is_training && !state_->step_has_begun) sync_buffers();
  state_->step_has_begun = !averages;
  // The reducer leaves gradients alone in a backward pass for which it has not been prepared.
  if (averages) in_words([&] { state_->reducer->before_forward(); });
}

void ReplicatedModule::after_forward(bool averages) {
  if (!state_ || !state_->reducer || !averages) return;
  in_words([&] { state_->reducer->after_forward(); });
}

void ReplicatedModule::sync_buffers() {
  if (!state_ || state_->buffers.empty()) return;
  const at::NoGradGuard no_grad;
  in_words([&] { c10d::broadcast_coalesced(state_->group, state_->buffers, kBroadcastBytes); });
}

at::Tensor all_reduce_mean(const at::Tensor& tensor, World& world) {
  const at::NoGradGuard no_grad;
  if (!tensor.is_floating_point()) {
    throw DistError(fmt::format("all_reduce_mean takes a floating-point tensor, not one of {}",
                                c10::toString(tensor.scalar_type())));
  }
  std::vector<at::Tensor> sum{tensor.detach().clone()};
  if (world.process_group() == nullptr) return sum.front();
  in_words([&] { group_of(world)->allreduce(sum)->wait(); });
  return sum.front().div_(world.size());
}

}  // namespace imgcls::dist
