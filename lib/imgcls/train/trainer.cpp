#include <imgcls/train/session.h>
#include <imgcls/train/trainer.h>

namespace imgcls::train {

Trainer::Trainer(models::Model model, std::shared_ptr<const data::Source> train,
                 std::shared_ptr<const data::Source> val, RunOptions options, dist::World& world,
                 std::string config)
    : session_(std::make_unique<Session>(std::move(model), std::move(train), std::move(val),
                                         std::move(options), world, std::move(config))) {}

Trainer::~Trainer() = default;

TrainResult Trainer::run() {
  return session_->run();
}

}  // namespace imgcls::train
