#include <imgcls/core/error.h>
#include <imgcls/models/recomputed.h>

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <utility>

namespace imgcls::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor generator_state(const at::Device& device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_generator_state(const at::Device& device, const at::Tensor& state) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

/// What a forward pass depends on besides its arguments.
struct Surroundings {
  explicit Surroundings(const at::Device& device)
      : device(device),
        random(generator_state(device)),
        autocast(at::autocast::is_autocast_enabled(device.type())),
        autocast_type(at::autocast::get_autocast_dtype(device.type())) {}

  void restore() const {
    set_generator_state(device, random);
    at::autocast::set_autocast_enabled(device.type(), autocast);
    at::autocast::set_autocast_dtype(device.type(), autocast_type);
  }

  at::Device device;
  at::Tensor random;
  bool autocast;
  at::ScalarType autocast_type;
};

/// Has everything as it was then, until destroyed.
class BackThen {
 public:
  explicit BackThen(const Surroundings& then) : now_(then.device) {
    then.restore();
    at::autocast::increment_nesting();
  }
  ~BackThen() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    now_.restore();
  }
  BackThen(const BackThen&) = delete;
  BackThen& operator=(const BackThen&) = delete;

 private:
  Surroundings now_;
};

/// From a forward pass to its backward pass.
struct Work : torch::CustomClassHolder {
  Work(RecomputedPart part, const at::Device& device) : part(std::move(part)), then(device) {}

  /// As a leaf of a graph of its own.
  at::Tensor run(const at::Tensor& x) const {
    const at::AutoGradMode with_grad(true);
    return part.run(x);
  }

  RecomputedPart part;
  Surroundings then;
};

/// A gradient on its way into another graph.
struct Handed : torch::CustomClassHolder {
  explicit Handed(at::Tensor gradient) : gradient(std::move(gradient)) {}
  at::Tensor gradient;
};

/// A scalar whose gradient by `y` is what was handed over, as if it had come from a node behind
/// `y`: nobody else holds it. The engine adds up in place where it can, and a sum's strides, on
/// which kernels' order of adding may depend, differ by that.
class HandOver : public torch::autograd::Function<HandOver> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y,
                            const c10::intrusive_ptr<Handed>& handed) {
    context->saved_data["handed"] = c10::IValue::make_capsule(handed);
    return at::zeros({}, y.options());
  }
  static variable_list backward(AutogradContext* context, const variable_list& /*gradients*/) {
    const auto capsule = context->saved_data["handed"].toCapsule();
    return {std::move(static_cast<Handed&>(*capsule).gradient), at::Tensor()};
  }
};

class Recompute : public torch::autograd::Function<Recompute> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            at::TensorList /*parameters*/, const c10::intrusive_ptr<Work>& work) {
    context->save_for_backward({x});
    context->saved_data["work"] = c10::IValue::make_capsule(work);
    context->saved_data["wants_gradient"] = x.requires_grad();
    // With a graph, which is thrown away: some operations choose their algorithm by that.
    return work->run(leaf(x, x.requires_grad())).detach();
  }

  /// Takes the gradient out of `gradients`.
  static variable_list backward(AutogradContext* context, variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw Error("a stage that is computed again has no second derivative");
    }
    const auto capsule = context->saved_data["work"].toCapsule();
    const Work& work = static_cast<Work&>(*capsule);
    const bool wants_gradient = context->saved_data["wants_gradient"].toBool();
    const at::Tensor x = leaf(context->get_saved_variables()[0], wants_gradient);

    variable_list inputs = work.part.parameters;
    if (wants_gradient) inputs.push_back(x);
    at::Tensor seed;
    {
      const at::AutoGradMode with_grad(true);
      seed = HandOver::apply(again(work, x), c10::make_intrusive<Handed>(std::move(gradients[0])));
    }
    variable_list found =
        torch::autograd::grad({seed}, inputs, /*grad_outputs=*/{}, /*retain_graph=*/false,
                              /*create_graph=*/false, /*allow_unused=*/true);
    variable_list all{wants_gradient ? found.back() : at::Tensor()};
    all.insert(all.end(), found.begin(),
               found.begin() + static_cast<std::ptrdiff_t>(work.part.parameters.size()));
    all.emplace_back();  // of the work
    return all;
  }

 private:
  static at::Tensor leaf(const at::Tensor& x, bool wants_gradient) {
    return x.detach().set_requires_grad(wants_gradient);
  }

  static at::Tensor again(const Work& work, const at::Tensor& x) {
    variable_list kept;
    for (const at::Tensor& buffer : work.part.buffers) kept.push_back(buffer.detach().clone());
    at::Tensor y;
    {
      const BackThen back_then(work.then);
      y = work.run(x);
    }
    // Not through the buffers themselves: the graph would take them for changed.
    for (std::size_t i = 0; i < kept.size(); ++i) {
      work.part.buffers[i].variable_data().copy_(kept[i]);
    }
    return y;
  }
};

}  // namespace

at::Tensor recomputed(RecomputedPart part, const at::Tensor& x) {
  const std::vector<at::Tensor> parameters = part.parameters;
  if (parameters.empty() && !x.requires_grad()) return part.run(x);
  const auto work = c10::make_intrusive<Work>(std::move(part), x.device());
  return Recompute::apply(x, at::TensorList(parameters), work);
}

}  // namespace imgcls::models
