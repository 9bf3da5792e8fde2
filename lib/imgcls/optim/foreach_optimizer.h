#pragma once
// What optimizers without a fused kernel share: the gathering of a group's tensors, the loss scale,
// the count of steps and the state's names. An optimizer on top of it is its constructor and its
// update, written with ATen's operations over lists (`_foreach_*`), which on a GPU are one kernel
// for many tensors.

#include <imgcls/optim/optimizer.h>

#include <cstdint>
#include <string>
#include <vector>

namespace imgcls::optim {

/// An optimizer of operations over lists: derive from it and implement `update`.
class ForeachOptimizer : public Optimizer {
 public:
  /// With a grad scaler, gradients are divided here, and the host waits for the device to know
  /// whether they are finite, as PyTorch's scaler does for optimizers that are not fused.
  void step(double lr, const at::Tensor& grad_scale, const at::Tensor& found_inf) final;

  /// "<slot>.<parameter>", each of the parameter's shape, the scalar "step", and `own_state`.
  std::vector<models::NamedTensor> state() const final;

 protected:
  /// A tensor beside each parameter, of its shape, and what it holds before the first step; at that
  /// step it may become a copy of the parameter.
  struct Slot {
    std::string name;               ///< in the state's names: "exp_avg"
    double first = 0;               ///< what all its values are before the first step
    bool copies_parameter = false;  ///< it becomes a copy at that step
  };

  /// Makes the slots, one tensor for each parameter of each group.
  ForeachOptimizer(std::vector<ParameterGroup> groups, std::vector<Slot> slots);

  using Tensors = std::vector<at::Tensor>;  ///< of the parameters of a group, in their order

  /// Parameters of one group that have a gradient, and what lies beside them.
  struct Update {
    /// With the same place for the same parameter; of the gradients the scale is taken off.
    Tensors parameters = {}, gradients = {};
    std::vector<Tensors> slots = {};       ///< in the order of the constructor's
    double lr = 0, weight_decay = 0;       ///< of this step: the group's
    std::int64_t step = 0;                 ///< 1 for the first
    std::size_t index = 0;                 ///< the group's, in groups()
    std::vector<std::size_t> places = {};  ///< of each parameter in its group
  };

  /// Updates parameters and slots in place; gradients may be changed, too. On a CPU it is called
  /// for a few parameters of a group at a time, which stay in the cache from one operation to the
  /// next, unless wants_whole_groups().
  virtual void update(Update& group) = 0;
  /// Whether `update` treats parameters otherwise than each by itself, or shares them out.
  virtual bool wants_whole_groups() const { return false; }
  /// Before the groups' updates: all gradients of the step, and the schedule's rate.
  virtual void begin(const Tensors& gradients, double lr);
  /// What an optimizer keeps besides slots and steps.
  virtual std::vector<models::NamedTensor> own_state() const { return {}; }

  /// Steps begun, the one that is being made included.
  std::int64_t steps() const;
  /// Of all parameters of a group, in their order.
  const Tensors& slot(std::size_t group, std::size_t index) const { return slots_[group][index]; }

 private:
  std::vector<Update> gather(std::size_t group, double lr) const;
  bool fits(const Update& part, const at::Tensor& parameter) const;
  void copy_parameters();

  std::vector<Slot> names_;
  std::vector<std::vector<Tensors>> slots_;  // of each group, of each slot, of each parameter
  at::Tensor steps_;                         // int64, on the CPU
};

}  // namespace imgcls::optim
