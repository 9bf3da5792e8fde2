#include <imgcls/core/file.h>
#include <imgcls/train/trainer.h>

#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "../support/gated_source.h"
#include "../support/temp_folder.h"
#include "../support/toy_net.h"
#include "../support/toy_source.h"
#include "ranks.h"

namespace imgcls::dist_test {
namespace {

/// A toy data set; on the last rank its reads stop after `passing`.
std::shared_ptr<const data::Source> source(const World& world, std::size_t size, int passing) {
  auto toy = std::make_shared<test::ToySource>(size, size);
  if (world.rank() != world.size() - 1) return toy;
  return std::make_shared<test::GatedSource>(toy, passing);
}

/// A run of two epochs of 4 steps in which the last rank's data stops coming. Rank 0 alone gets a
/// signal, when its log has `text`. Returns after how many steps the run ended; the reads of the
/// last rank never do.
std::int64_t steps_of_a_stalled_run(World& world, int train_passing, int val_passing,
                                    const std::string& text) {
  std::optional<test::TempFolder> mine;
  if (world.is_first()) mine.emplace();
  train::RunOptions options;
  options.epochs = 2;
  options.batch = 18;
  options.threads = 1;
  options.log_every = 1;
  options.data.threads = 1;
  options.augment = {.size = 12, .crop = data::CropKind::none, .flip = 0};
  options.eval = {.transform = {.size = 12, .resize = 0}, .batch = 10};
  options.folder = world.broadcast(mine ? mine->path().string() : "");
  train::configure_torch(options, world);
  train::Trainer trainer(test::toy_model(), source(world, 72, train_passing),
                         source(world, 50, val_passing), options, world);
  const std::jthread sender([&](const std::stop_token& stop) {
    if (!world.is_first()) return;
    const auto log = options.folder / "log.txt";
    while (!stop.stop_requested() && read_text(log).find(text) == std::string::npos) {
      std::this_thread::yield();
    }
    ::kill(::getpid(), SIGUSR1);
  });
  const train::TrainResult result = trainer.run();
  expect(result.stopped_by == SIGUSR1, world);
  expect(!result.eval, world);
  expect(std::filesystem::exists(result.checkpoint / "manifest.json"), world);
  world.barrier();  // rank 0 removes the folder
  return result.position.step;
}

constexpr int kAll = 1 << 30;

}  // namespace

void a_signal_while_another_rank_waits_for_data(World& world) {
  const int share = 18 / world.size();
  expect(steps_of_a_stalled_run(world, 2 * share, kAll, "epoch 1/2 2/4") == 2, world);
}

void a_signal_while_another_rank_waits_in_evaluation(World& world) {
  expect(steps_of_a_stalled_run(world, kAll, 5, "epoch 1/2 4/4") == 4, world);
}

}  // namespace imgcls::dist_test
