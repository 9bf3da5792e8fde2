#include <imgcls/core/error.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/models/batch_norm.h>

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <utility>
#include <vector>

namespace imgcls::dist {
namespace {

class RankExchange final : public models::StatisticsExchange {
 public:
  explicit RankExchange(c10::intrusive_ptr<c10d::ProcessGroup> group) : group_(std::move(group)) {}

  at::Tensor gather(const at::Tensor& mine) override {
    at::Tensor all = at::empty({group_->getSize(), mine.size(0)}, mine.options());
    std::vector<std::vector<at::Tensor>> rows{all.unbind(0)};
    std::vector<at::Tensor> inputs{mine};
    group_->allgather(rows, inputs)->wait();
    return all;
  }

  void sum(at::Tensor& values) override {
    std::vector<at::Tensor> tensors{values};
    group_->allreduce(tensors)->wait();
  }

 private:
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
};

// What to write in place of a batch norm of torch's; empty for any other module.
std::string remedy(const torch::nn::Module& module) {
  const std::string ours = "models::BatchNorm2d (imgcls/models/batch_norm.h)";
  if (module.as<torch::nn::BatchNorm2d>()) {
    return fmt::format("a torch::nn::BatchNorm2d: write {}, which is the same otherwise", ours);
  }
  if (module.as<torch::nn::BatchNorm1d>()) {
    return fmt::format("a torch::nn::BatchNorm1d: write {} over N x C x L x 1", ours);
  }
  if (module.as<torch::nn::BatchNorm3d>()) {
    return fmt::format("a torch::nn::BatchNorm3d: write {} over N x C x D x (H W)", ours);
  }
  return "";
}

}  // namespace

void synchronize_batch_norm(const models::Model& model, World& world) {
  if (world.size() == 1) return;
  std::vector<models::BatchNorm2dImpl*> layers;
  for (const auto& item : model.module().named_modules()) {
    if (auto* layer = dynamic_cast<models::BatchNorm2dImpl*>(item.value().get())) {
      layers.push_back(layer);
    } else if (const std::string found = remedy(*item.value()); !found.empty()) {
      throw ConfigError(fmt::format(
          "ranks cannot share the statistics of {}'s layer {}, {}, or set train.sync_bn=false",
          model.name(), item.key(), found));
    }
  }
  const auto exchange = std::make_shared<RankExchange>(
      c10::intrusive_ptr<c10d::ProcessGroup>::unsafe_reclaim_from_nonowning(world.process_group()));
  for (models::BatchNorm2dImpl* layer : layers) layer->set_exchange(exchange);
}

}  // namespace imgcls::dist
