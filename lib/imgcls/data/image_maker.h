#pragma once
// One thread's way from a sample's number to pixels in a batch: read, plan, decode what the plan
// needs and resize it on the way, and what to do when that fails. Internal to imgcls::data.

#include <imgcls/augment/plan_applier.h>
#include <imgcls/augment/training_plan.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/region_decoder.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::data {

/// What became of a place in a batch.
struct Made {
  std::uint64_t sample = 0;           ///< the sample that took the place
  std::int64_t label = 0;             ///< as in Batch::labels
  std::vector<std::string> failures;  ///< one message for each image that could not be used
};

/// Makes images one after the other. One for each thread: it keeps the memory of the last image.
class ImageMaker {
 public:
  /// Replacements drawn for an image that cannot be used before giving up.
  static constexpr int kReplacements = 16;

  /// All are kept by reference, and may change between two images. `policy` is that of the options;
  /// null where there is none.
  ImageMaker(const Source& source, const LoaderOptions& options,
             const std::unique_ptr<const Policy>& policy)
      : source_(source),
        options_(options),
        policy_(policy),
        is_multi_label_(is_multi_label(source)) {}

  /// Makes `sample` of `epoch`, which was there `turn` times before, into `output`: its
  /// views one behind the other, side x side x 3 each. An image that cannot be read or decoded is a
  /// DataError, or is skipped and counted, as LoaderOptions::on_error says.
  Made make(std::uint32_t epoch, std::uint64_t sample, std::uint32_t turn,
            std::span<std::uint8_t> output);

  /// The parts of the time spent since the last call, and which decoder each image took.
  LoaderTimes take_times() { return std::exchange(times_, {}); }

 private:
  void make_one(const ImageDraw& draw, std::span<std::uint8_t> output);
  Plan plan_for(Size size, const ImageDraw& draw) const;

  const Source& source_;
  const LoaderOptions& options_;
  const std::unique_ptr<const Policy>& policy_;
  bool is_multi_label_;
  LapClock clock_;
  LoaderTimes times_;
  RegionDecoder decoder_;
  PlanApplier applier_{clock_, times_};
};

}  // namespace imgcls::data
