#pragma once
// The losses of steps as they come from the device, which goes on meanwhile. Internal to train/.

#include <imgcls/optim/grad_scaler.h>
#include <imgcls/train/epoch_loss.h>
#include <imgcls/train/readback.h>

#include <optional>
#include <string>

namespace imgcls::train {

/// What a step left on this rank's device.
struct StepReading {
  LossTotals epoch;       ///< of its images so far, on this rank
  double loss = 0;        ///< of the step's images: their mean
  double grad_norm = 0;   ///< 0: not asked for
  double loss_scale = 1;  ///< fp16's, after the step; else 1
};

/// Reads steps' figures from the device while it computes the next step.
class StepReadings {
 public:
  /// Where the steps are computed.
  explicit StepReadings(const std::string& device) : row_(device), line_(device) {}

  /// Begins to read a step's figures. `grad_norm` may be undefined, `scaler` null.
  void begin(const EpochLoss& epoch, const at::Tensor& loss, const at::Tensor& grad_norm,
             const optim::GradScaler* scaler);
  /// What was begun last; waits until the device has done that step.
  StepReading take();

  /// The epoch's mean loss, for a line that is drawn some times a second: on a GPU that of the
  /// last call or an earlier one, so that nothing is waited for (but the first time).
  double recent_mean(const EpochLoss& epoch);

 private:
  Readback row_, line_;
  bool has_norm_ = false, scales_ = false;
  std::int64_t row_images_ = 0, line_images_ = 0;
  std::optional<double> mean_;
};

}  // namespace imgcls::train
