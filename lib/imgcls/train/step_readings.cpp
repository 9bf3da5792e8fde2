#include <imgcls/train/step_readings.h>

namespace imgcls::train {

void StepReadings::begin(const EpochLoss& epoch, const at::Tensor& loss,
                         const at::Tensor& grad_norm, const optim::GradScaler* scaler) {
  std::vector<at::Tensor> values{epoch.sum_on_device(), loss};
  has_norm_ = grad_norm.defined();
  if (has_norm_) values.push_back(grad_norm);
  scales_ = scaler != nullptr;
  if (scales_) values.push_back(scaler->scale_on_device());
  row_images_ = epoch.images();
  row_.start(values);
}

StepReading StepReadings::take() {
  const std::vector<at::Tensor> values = row_.take();
  return {.epoch = {values[0].item<double>(), row_images_},
          .loss = values[1].item<double>(),
          .grad_norm = has_norm_ ? values[2].item<double>() : 0,
          .loss_scale = scales_ ? values.back().item<double>() : 1};
}

double StepReadings::recent_mean(const EpochLoss& epoch) {
  if (!line_.is_under_way()) {
    line_images_ = epoch.images();
    line_.start({epoch.sum_on_device()});
  }
  if (!mean_ || line_.has_come()) {
    mean_ = LossTotals{line_.take().front().item<double>(), line_images_}.mean();
  }
  return *mean_;
}

}  // namespace imgcls::train
