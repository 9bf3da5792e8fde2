#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/data/staging.h>
#include <imgcls/dist/agree.h>
#include <imgcls/log/progress.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/stage.h>
#include <imgcls/train/termination_signals.h>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

/// How long ranks copy before they look after each other.
constexpr std::chrono::milliseconds kTurn(1000);

/// A line of the first rank about how far the copying is.
class StageLine {
 public:
  StageLine(const dist::World& world, std::string_view what) : what_(what) {
    if (world.is_first()) terminal_ = report::find_terminal();
  }
  ~StageLine() { clear(); }
  StageLine(const StageLine&) = delete;
  StageLine& operator=(const StageLine&) = delete;

  void show(std::int64_t done, std::int64_t total) {
    if (!terminal_.interactive) return;
    const std::string line = text(done, total).substr(0, terminal_.columns - 1);
    report::show(fmt::format("{}{}", report::kEraseLine, line));
    visible_ = true;
  }
  void clear() {
    if (visible_) report::show(report::kEraseLine);
    visible_ = false;
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::string text(std::int64_t done, std::int64_t total) const {
    const double rate = static_cast<double>(done) / seconds();
    std::string line = fmt::format("staging {} {:.1f}/{:.1f} GB  {:.0f} MB/s", what_,
                                   static_cast<double>(done) * 1e-9,
                                   static_cast<double>(total) * 1e-9, rate * 1e-6);
    if (done > 0) {
      line += fmt::format("  ETA {}", report::clock_text(static_cast<double>(total - done) / rate));
    }
    return line;
  }

  std::string_view what_;
  report::Terminal terminal_;
  bool visible_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The staged folder; nothing where a signal came before it was whole.
std::optional<fs::path> stage(const fs::path& from, const fs::path& stage_dir,
                              std::string_view what, dist::World& world) {
  const TerminationSignals signals;
  StageLine line(world, what);
  std::optional<data::Staging> staging;
  dist::agree(world,
              [&] { staging.emplace(from, stage_dir, world.local_rank(), world.local_size()); });
  for (;;) {
    bool finished = false;
    dist::agree(world, [&] { finished = staging->work(kTurn); });
    std::array<std::int64_t, 3> sums{static_cast<std::int64_t>(staging->done()),
                                     static_cast<std::int64_t>(staging->total()), finished ? 0 : 1};
    world.sum(sums);
    line.show(sums[0], sums[1]);
    const bool stop = world.max(signals.received()) != 0;
    if (sums[2] != 0 && !stop) continue;
    line.clear();
    if (sums[2] != 0) return std::nullopt;
    if (world.is_first()) {
      Log().info(fmt::format("staged {} data, {:.1f} GB, in {}: {}", what,
                             static_cast<double>(sums[1]) * 1e-9,
                             report::clock_text(line.seconds()), staging->folder().string()));
    }
    return staging->folder();
  }
}

}  // namespace

DataFolders stage_data(const DataOptions& options, dist::World& world) {
  DataFolders folders{data_folder(options, Split::train), data_folder(options, Split::val)};
  if (options.stage_dir.empty()) return folders;
  dist::agree(world, [&options] {
    if (options.format == "shards") return;
    throw ConfigError(
        "data.stage_dir copies shards: set data.format=shards (`imgcls prepare shards` "
        "makes them), or leave it empty");
  });
  const auto train = stage(folders.train, options.stage_dir, "training", world);
  if (!train) return folders;
  const auto val = stage(folders.val, options.stage_dir, "validation", world);
  return {*train, val ? *val : folders.val};
}

}  // namespace imgcls::train
