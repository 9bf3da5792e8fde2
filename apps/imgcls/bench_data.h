#pragma once
// How fast the loader makes batches of training images, and where its time goes.

#include <imgcls/data/loader.h>
#include <imgcls/data/source.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace imgcls::cli {

/// What is measured, and for how long.
struct DataBenchOptions {
  int threads = 1;
  std::size_t batch = 64;  ///< images
  data::AugmentOptions transform = {.size = 176};
  double seconds = 5;  ///< whole epochs are measured until so much time has passed ...
  int epochs = 0;      ///< ... or, where this is not 0, so many
};

/// Figures of one number of threads.
struct DataBenchResult {
  int threads = 0;
  std::size_t images = 0;
  double seconds = 0;
  double batch_p50_ms = 0, batch_p99_ms = 0;  ///< from one batch's delivery to the next's
  data::LoaderTimes times;
  double peak_rss_mib = 0;  ///< of the process, while this was measured

  double images_per_second() const { return static_cast<double>(images) / seconds; }
  double per_core() const { return images_per_second() / threads; }
  /// A part of the cores' time: `part` is in seconds over all threads.
  double share(double part) const { return part / (seconds * threads); }
  std::uint64_t decoded_by(data::DecodedBy decoder) const {
    return times.decoded_by[static_cast<std::size_t>(decoder)];
  }
  /// The cores' time outside reading, decoding and resizing: waiting included.
  double other() const {
    return share(seconds * threads - times.read - times.decode - times.resize);
  }
};

/// Measures `options.threads` threads on as many cores (the first ones that the process may use;
/// the binding is undone afterwards), after an epoch that is not counted. Throws ConfigError where
/// there are fewer cores.
DataBenchResult bench_data(const std::shared_ptr<const data::Source>& source,
                           const DataBenchOptions& options);

}  // namespace imgcls::cli
