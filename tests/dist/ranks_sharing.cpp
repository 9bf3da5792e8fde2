// Optimizers whose work the ranks share, against the same ones alone.
#include <imgcls/dist/rank_sharing.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/soap.h>

#include <ATen/ops/randn.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compare.h"
#include "ranks.h"

namespace imgcls::dist_test {
namespace {

/// Notes who made what.
class Watched final : public optim::WorkSharing {
 public:
  explicit Watched(std::shared_ptr<optim::WorkSharing> inner) : inner_(std::move(inner)) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void exchange(std::span<const at::Tensor> tensors, std::span<const int> owners) override {
    this->owners = {owners.begin(), owners.end()};
    inner_->exchange(tensors, owners);
  }

  std::set<int> owners;

 private:
  std::shared_ptr<optim::WorkSharing> inner_;
};

/// Matrices of all kinds, one of them channels_last, and what is none.
std::vector<models::NamedTensor> parameters() {
  at::manual_seed(3);
  return {{"conv1.weight", at::randn({16, 8, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast)},
          {"conv2.weight", at::randn({8, 16, 1, 1})},
          {"tall.weight", at::randn({64, 16})},
          {"wide.weight", at::randn({12, 48})},
          {"bn.bias", at::randn({16})},
          {"fc.weight", at::randn({10, 64})}};
}

void give_gradients(std::span<const models::NamedTensor> all, std::uint64_t seed) {
  at::manual_seed(seed);
  for (const models::NamedTensor& each : all) {
    each.tensor.mutable_grad() = at::randn(each.tensor.sizes());
  }
}

}  // namespace

void shared_matrices(World& world) {
  struct Case {
    optim::OptimizerOptions options;
    int matrices;
  };
  const std::vector<Case> cases{
      {{.name = "muon", .weight_decay = 0.1}, 4},
      {{.name = "nadamuon", .weight_decay = 0.1}, 4},
      {{.name = "soap", .weight_decay = 0.1, .own = optim::SoapOptions{.frequency = 1}}, 12}};
  for (const auto& [options, matrices] : cases) {
    const auto ours = parameters(), theirs = parameters();
    const auto shared = optim::make_optimizer(ours, options);
    const auto alone = optim::make_optimizer(theirs, options);
    const std::shared_ptr<optim::WorkSharing> sharing = dist::share_among_ranks(world);
    expect((sharing == nullptr) == (world.size() == 1), world);
    const auto watched = sharing ? std::make_shared<Watched>(sharing) : nullptr;
    shared->share_work(watched);
    for (std::uint64_t step = 0; step < 3; ++step) {
      give_gradients(ours, step);
      give_gradients(theirs, step);
      shared->step(0.02);
      alone->step(0.02);
      expect(bytes_of(ours) == bytes_of(theirs), world);
      expect(bytes_of(shared->state()) == bytes_of(alone->state()), world);
    }
    expect(equal_on_all_ranks(ours, world), world);
    // Each rank has a matrix, until there are more ranks.
    if (watched) {
      expect(static_cast<int>(watched->owners.size()) == std::min(world.size(), matrices), world);
    }
  }
}

}  // namespace imgcls::dist_test
