#pragma once
// A c10d backend on CPUs that has what NodeSums asks of NCCL.

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::dist_test {

/// Its all-to-all and its all-gather are another backend's gathering of lists. Blocks are sent in
/// equal parts to all.
class GatheringBackend final : public c10d::Backend {
 public:
  explicit GatheringBackend(c10::intrusive_ptr<c10d::Backend> gathers)
      : Backend(gathers->getRank(), gathers->getSize()), gathers_(std::move(gathers)) {}

  // NOLINTNEXTLINE(readability-const-return-type): as c10d declares it
  const std::string getBackendName() const override { return "gathering"; }

  c10::intrusive_ptr<c10d::Work> alltoall_base(at::Tensor& output, at::Tensor& input,
                                               std::vector<std::int64_t>& from,
                                               std::vector<std::int64_t>& to,
                                               const c10d::AllToAllOptions&) override {
    TORCH_CHECK(std::accumulate(from.begin(), from.end(), std::int64_t{0}) == output.numel());
    TORCH_CHECK(std::accumulate(to.begin(), to.end(), std::int64_t{0}) == input.numel());
    const std::vector<at::Tensor> counts = gather(at::full({1}, input.numel(), at::kLong));
    std::int64_t longest = 0;
    for (const at::Tensor& count : counts) longest = std::max(longest, count.item<std::int64_t>());
    const at::Tensor padded = at::empty({longest}, input.options());
    padded.narrow(0, 0, input.numel()).copy_(input);
    const std::vector<at::Tensor> all = gather(padded);
    std::int64_t place = 0;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      const std::int64_t part = counts[rank].item<std::int64_t>() / size_;
      TORCH_CHECK(part == from[rank]);
      output.narrow(0, place, part).copy_(all[rank].narrow(0, part * rank_, part));
      place += part;
    }
    return c10::make_intrusive<Done>();
  }

  c10::intrusive_ptr<c10d::Work> _allgather_base(at::Tensor& output, at::Tensor& input,
                                                 const c10d::AllgatherOptions&) override {
    const std::vector<at::Tensor> all = gather(input);
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      output.view({size_, -1})[static_cast<std::int64_t>(rank)].copy_(all[rank]);
    }
    return c10::make_intrusive<Done>();
  }

 private:
  class Done final : public c10d::Work {
   public:
    bool wait(std::chrono::milliseconds) override { return true; }
  };

  std::vector<at::Tensor> gather(const at::Tensor& mine) {
    std::vector<at::Tensor> inputs{mine};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int rank = 0; rank < size_; ++rank) outputs[0].push_back(at::empty_like(mine));
    gathers_->allgather(outputs, inputs)->wait();
    return outputs[0];
  }

  c10::intrusive_ptr<c10d::Backend> gathers_;
};

}  // namespace imgcls::dist_test
