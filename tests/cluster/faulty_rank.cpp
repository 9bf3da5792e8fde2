// train_resnet50 with a fault planted on one rank: when it reads its Nth image, training or
// evaluation, it throws, or ends without a word. What faults.py runs.
//
//   faulty_rank RANK N throw|exit CONFIG... [key.path=value...]
#include <imgcls/train/compose.h>
#include <imgcls/train/program.h>
#include <imgcls/train/trainer.h>

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../support/wrapped_source.h"

using namespace imgcls;

namespace {

struct Fault {
  int rank = 0;
  int reads = 0;
  bool throws = false;
};

/// Hands out another source's samples until the planted one.
class FaultySource final : public test::WrappedSource {
 public:
  FaultySource(std::shared_ptr<const data::Source> inner, const Fault& fault,
               std::shared_ptr<std::atomic<int>> reads)
      : WrappedSource(std::move(inner)), fault_(fault), reads_(std::move(reads)) {}

  data::Sample read(std::size_t index) const override {
    if (++*reads_ == fault_.reads) {
      if (fault_.throws) throw std::runtime_error("planted error");
      _exit(7);
    }
    return WrappedSource::read(index);
  }

 private:
  Fault fault_;
  std::shared_ptr<std::atomic<int>> reads_;
};

int run(const Config& config, dist::World& world, const Fault& fault) {
  train::Parts parts = train::compose(config, world);
  if (world.rank() == fault.rank) {
    const auto reads = std::make_shared<std::atomic<int>>(0);
    parts.train = std::make_shared<FaultySource>(parts.train, fault, reads);
    parts.val = std::make_shared<FaultySource>(parts.val, fault, reads);
  }
  train::Trainer trainer(parts.model, parts.train, parts.val, parts.options, world, config.text());
  return trainer.run().stopped_by == 0 ? train::kSuccess : train::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: faulty_rank RANK N throw|exit CONFIG...\n", stderr);
    return train::kUsage;
  }
  const Fault fault{std::stoi(argv[1]), std::stoi(argv[2]), std::string(argv[3]) == "throw"};
  return train::run_program(
      std::vector<std::string>(argv + 4, argv + argc),
      [&](const Config& config, dist::World& world) { return run(config, world, fault); });
}
