#include <imgcls/dist/rank_sharing.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <cstddef>
#include <vector>

namespace imgcls::dist {
namespace {

class RankSharing final : public optim::WorkSharing {
 public:
  explicit RankSharing(World& world) : world_(world) {}

  int rank() const override { return world_.rank(); }
  int size() const override { return world_.size(); }

  void exchange(std::span<const at::Tensor> tensors, std::span<const int> owners) override {
    const at::NoGradGuard no_grad;
    std::vector<Parcel> parcels;
    for (int owner = 0; owner < size(); ++owner) {
      if (Parcel parcel = send(tensors, owners, owner); parcel.work) {
        parcels.push_back(std::move(parcel));
      }
    }
    for (Parcel& parcel : parcels) {
      parcel.work->wait();
      if (parcel.owner != rank()) unpack(parcel.content.front(), tensors, owners, parcel.owner);
    }
  }

 private:
  /// What one rank tells all others.
  struct Parcel {
    int owner = 0;
    std::vector<at::Tensor> content = {};
    c10::intrusive_ptr<c10d::Work> work = {};
  };

  Parcel send(std::span<const at::Tensor> tensors, std::span<const int> owners, int owner) {
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (owners[i] == owner) parts.push_back(tensors[i].view(-1));
    }
    if (parts.empty()) return {};
    Parcel parcel{.owner = owner, .content = {at::cat(parts)}};
    c10d::BroadcastOptions options;
    options.rootRank = owner;
    parcel.work = world_.process_group()->broadcast(parcel.content, options);
    return parcel;
  }

  static void unpack(const at::Tensor& content, std::span<const at::Tensor> tensors,
                     std::span<const int> owners, int owner) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (owners[i] != owner) continue;
      tensors[i].view(-1).copy_(content.narrow(0, at, tensors[i].numel()));
      at += tensors[i].numel();
    }
  }

  World& world_;
};

}  // namespace

std::shared_ptr<optim::WorkSharing> share_among_ranks(World& world) {
  if (world.size() == 1) return nullptr;
  return std::make_shared<RankSharing>(world);
}

}  // namespace imgcls::dist
