#include <imgcls/train/step_meter.h>

#include <utility>

namespace imgcls::train {

double StepMeter::lap() {
  const Clock::time_point now = Clock::now();
  return std::chrono::duration<double>(now - std::exchange(mark_, now)).count();
}

void StepMeter::has_data() {
  const double seconds = lap();
  last_ = {.seconds = seconds, .waited_s = seconds};
  figures_.seconds += seconds;
  figures_.waited_s += seconds;
}

void StepMeter::has_stepped(std::int64_t images) {
  const double seconds = lap();
  last_.seconds += seconds;
  last_.images = images;
  figures_.seconds += seconds;
  figures_.images += images;
}

StepFigures StepMeter::take() {
  return std::exchange(figures_, {});
}

}  // namespace imgcls::train
