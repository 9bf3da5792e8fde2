#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/gradient_reducer.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace imgcls::dist {
namespace {

constexpr std::size_t kFirstBucketBytes = 1 << 20;  // small, so that sending starts early

/// The names, some of them where they are many.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  const std::size_t shown = std::min(names.size(), kShown);
  const std::string list = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  return shown == names.size() ? list : fmt::format("{} and {} more", list, names.size() - shown);
}

}  // namespace

class GradientReducer::Reducer final : public c10d::Reducer {
 public:
  using c10d::Reducer::Reducer;

  /// c10d's are views to autograd as well, which `detach_()` refuses. These are the same memory and
  /// nothing to autograd.
  void make_views_detachable() {
    const std::lock_guard lock(mutex_);
    for (Bucket& bucket : buckets_) {
      for (at::Tensor& view : bucket.bucket_views_in) view = view.detach();
    }
  }

  /// The next backward pass averages. Its graph is not searched for parameters without gradient: of
  /// no outputs, that would find all of them.
  void expect() {
    prepare_for_backward({});
    const std::lock_guard lock(mutex_);
    unused_parameters_.clear();
  }

  /// In a backward pass: these parameters will get no gradient.
  void mark_unused(const std::vector<std::size_t>& indices) {
    const std::lock_guard lock(mutex_);
    for (const std::size_t index : indices) mark_variable_ready(index);
  }

  /// Whether a backward pass has begun to average and has not come to its end.
  bool is_amid() const {
    const std::lock_guard lock(mutex_);
    return require_finalize_;
  }
};

/// Hears of every parameter's gradient, before the Reducer does.
class GradientReducer::Watch {
 public:
  explicit Watch(std::vector<TrainedParameter> parameters, bool find_unused)
      : parameters_(std::move(parameters)), find_unused_(find_unused) {
    for (std::size_t index = 0; index < parameters_.size(); ++index) {
      auto node = torch::autograd::impl::grad_accumulator(parameters_[index].tensor);
      const auto key = node->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
          [this, index](const auto& outputs, const auto&) {
            hear_of(index);
            return outputs;
          }));
      hooks_.emplace_back(key, std::move(node));
    }
  }
  ~Watch() {
    for (auto& [key, node] : hooks_) node->del_post_hook(key);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void set_reducer(Reducer* reducer) { reducer_ = reducer; }

  /// The next backward pass averages.
  void expect() {
    const std::lock_guard lock(mutex_);
    expecting_ = true;
    heard_.assign(parameters_.size(), false);
    has_begun_ = false;
  }

  /// Why the last backward pass failed; empty: it did not.
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void hear_of(std::size_t index) {
    const std::lock_guard lock(mutex_);
    if (!expecting_) return;
    const auto& [name, tensor] = parameters_[index];
    if (tensor.grad().defined() && tensor.grad().layout() != at::kStrided) {
      fail(
          fmt::format("{} has a sparse gradient, which ranks cannot average: make it dense, an "
                      "embedding's by EmbeddingOptions::sparse(false)",
                      name));
    }
    heard_[index] = true;
    if (std::exchange(has_begun_, true)) return;
    torch::autograd::Engine::get_default_engine().queue_callback([this] { end_backward(); });
  }

  // After all hooks, the Reducer's as well. It ends the averaging in callbacks that come after this
  // one.
  void end_backward() {
    std::vector<std::size_t> silent;
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(expecting_, false)) return;
      for (std::size_t index = 0; index < heard_.size(); ++index) {
        if (!heard_[index]) silent.push_back(index);
      }
      if (silent.empty()) return;
      if (!find_unused_) fail(no_gradient(silent));
    }
    reducer_->mark_unused(silent);
  }

  std::string no_gradient(const std::vector<std::size_t>& silent) const {
    std::vector<std::string> names;
    for (auto index = silent.rbegin(); index != silent.rend(); ++index) {
      names.push_back(parameters_[*index].name);
    }
    return fmt::format(
        "the backward pass gave no gradient to {}: each parameter has to take part in the loss. "
        "Freeze those that do not (set_requires_grad(false) before DistributedDataParallel is "
        "made), "
        "or set its option find_unused_parameters; of several losses, call backward on the sum",
        some_of(names));
  }

  [[noreturn]] void fail(const std::string& message) {
    failure_ = message;
    throw DistError(message);
  }

  using Node = decltype(torch::autograd::impl::grad_accumulator(at::Tensor()));
  std::vector<TrainedParameter> parameters_;
  bool find_unused_;
  Reducer* reducer_ = nullptr;
  std::vector<std::pair<std::uintptr_t, Node>> hooks_;
  mutable std::mutex mutex_;
  bool expecting_ = false;
  bool has_begun_ = false;
  std::vector<bool> heard_;
  std::string failure_;
};

GradientReducer::GradientReducer(std::vector<TrainedParameter> parameters,
                                 c10::intrusive_ptr<c10d::ProcessGroup> group,
                                 const ReducerOptions& options) {
  std::vector<at::Tensor> tensors;
  std::unordered_map<std::size_t, std::string> names;
  for (const TrainedParameter& each : parameters) {
    names.emplace(tensors.size(), each.name);
    tensors.push_back(each.tensor);
  }
  const std::size_t first_bytes = std::min(kFirstBucketBytes, options.bucket_bytes);
  auto buckets = std::get<0>(
      c10d::compute_bucket_assignment_by_size(tensors, {first_bytes, options.bucket_bytes}));
  const std::vector<bool> sparse(tensors.size(), false);
  watch_ = std::make_unique<Watch>(std::move(parameters), options.find_unused);
  reducer_ = std::make_unique<Reducer>(
      std::move(tensors), std::move(buckets), std::move(group), sparse,
      static_cast<std::int64_t>(options.bucket_bytes), options.find_unused, options.views,
      std::move(names), static_cast<std::int64_t>(first_bytes),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
      /*bucket_bytes_cap_list=*/std::vector<std::int64_t>{});
  watch_->set_reducer(reducer_.get());
  // A reducer rebuilds its buckets once, commonly after the first step, in the order in which that
  // step had the gradients ready. A run that goes on would then add in another order in its first
  // step than one that had not stopped, where the order depends on a gradient's place, as NCCL's
  // does. So it does that here, in the order of the parameters.
  reducer_->push_rebuilt_params_for_all_indices();
  reducer_->rebuild_buckets();
  reducer_->make_views_detachable();
  if (options.fp16) {
    reducer_->register_builtin_comm_hook(c10d::BuiltinCommHookType::FP16_COMPRESS);
  }
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::before_forward() {
  if (reducer_->is_amid()) {
    const std::string why = watch_->failure();
    throw DistError(why.empty() ? "the last backward pass did not come to its end, so that ranks "
                                  "would not agree on gradients any more: end the program"
                                : why);
  }
  reducer_->prepare_for_forward();
}

void GradientReducer::after_forward() {
  reducer_->expect();
  watch_->expect();
}

}  // namespace imgcls::dist
