#pragma once
// Carries plans out on images that are being decoded. Internal to imgcls::data.

#include <imgcls/augment/transform.h>
#include <imgcls/image/resize/row_resizer.h>
#include <imgcls/image/row_sink.h>
#include <imgcls/image/work_times.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgcls::data {

/// Takes an image's rows as they come and resizes them straight into their place in a batch. What
/// cannot be done row by row (borders, resizing without antialias, grey of 16 bits) waits for the
/// region's last row. Keeps its memory from one image to the next.
class PlanApplier final : public RowSink {
 public:
  /// `clock` and `times` count what the rows cost.
  PlanApplier(LapClock& clock, LoaderTimes& times) : clock_(clock), times_(times) {}

  /// Begins an image of `bits` (Image::bits). `output` is as for `apply`, and kept by reference
  /// until `finish`. Where the plan has several views, these are cut at the end from an image of
  /// the applier's own.
  void start(const Plan& plan, std::span<std::uint8_t> output, int bits = 8);

  /// The part of the image whose rows are to be given.
  Rect region() const { return region_; }

  void begin() override;
  void rows(const std::uint8_t* rgb, std::size_t stride, int count) override;

  /// After the last row.
  void finish();

 private:
  void keep(const std::uint8_t* rgb, std::size_t stride, int count);

  LapClock& clock_;
  LoaderTimes& times_;
  Plan plan_;
  std::span<std::uint8_t> output_;  // what is given back
  std::span<std::uint8_t> made_;    // where the plan's window is made: `output_`, or `whole_`
  Rect region_;
  bool by_rows_ = false;
  bool fresh_ = false;  // no row has come since begin()
  RowResizer resizer_;
  Image part_;                       // the region, where it has to be whole
  std::vector<std::uint8_t> whole_;  // what views are cut from
  std::vector<std::uint8_t> spare_;  // for the plan's steps
};

}  // namespace imgcls::data
