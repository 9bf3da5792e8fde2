// The tables of options against configs/schema.json, and both ways through a configuration.
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/config_schema.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "paths.h"

using namespace imgcls;
using Catch::Contains;
using nlohmann::json;

namespace {

Config config_with(std::vector<std::string> overrides) {
  overrides.insert(overrides.end(), {"data.root=nowhere", "model.name=resnet18"});
  return Config::load(overrides);
}

}  // namespace

TEST_CASE("schema and list of keys are what the tables of options say") {
  const std::filesystem::path source = IMGCLS_SOURCE_DIR;
  const std::string schema = read_text(source / "configs/schema.json");
  INFO("write them anew with ./dev schema");
  CHECK(train::schema_from_tables(schema) == schema);
  const std::string page = read_text(source / "docs/configuration.md"), keys = "## All keys\n";
  CHECK(page.substr(page.find(keys) + keys.size()) == train::keys_as_markdown(schema));
}

TEST_CASE("options that a configuration gives are written as it says them") {
  const Config config = config_with(
      {"augment.crop=pad",
       "augment.area=[0.1,0.5]",
       "augment.pad_mode=zero",
       "augment.policy=rand_augment",
       "augment.rand_augment.magnitude=4",
       "eval.resize=0",
       "train.seed=9007199254740992",
       "train.deterministic=true",
       "train.precision=bf16",
       "optimizer.name=adam",
       "optimizer.betas=[0.8,0.95]",
       "optimizer.lr=0.003",
       R"(optimizer.no_decay=["norm","embedding"])",
       "optimizer.layer_decay=0.75",
       R"(optimizer.groups=[{"pattern":"bn","weight_decay":0},{"pattern":"fc","lr_scale":10}])",
       "schedule.name=constant",
       "checkpoint.resume=changed",
       "log.wandb_project=x",
       "profile.steps=3-5",
       "dist.compress=fp16",
       "data.mean=[0.1,0.2,0.3]",
       "data.on_error=skip"});
  const train::RunOptions o = train::run_options(config);
  CHECK(o.seed == std::uint64_t{1} << 53);
  CHECK(o.optimizer.lr == 0.003);
  const auto agrees = [&](const std::string& name, const json& written) {
    INFO(name);
    for (const auto& [key, value] : written.items()) {
      INFO(key);
      CHECK(config.json().at(name).at(key) == value);
    }
    return !written.empty();
  };
  CHECK(agrees("data", train::data_fields().write(o.data)));
  CHECK(agrees("augment", data::write_augment(o.augment)));
  CHECK(agrees("eval", train::eval_fields().write(o.eval)));
  CHECK(agrees("train", train::train_fields().write(o)));
  CHECK(agrees("schedule", write_chosen(train::schedule_fields(), optim::schedules(), o.schedule)));
  CHECK(agrees("checkpoint", train::checkpoint_fields().write(o.checkpoint)));
  CHECK(agrees("log", train::log_fields().write(o)));
  CHECK(agrees("profile", train::profile_fields().write(o)));
  CHECK(agrees("dist", train::dist_fields().write(o)));
  json optimizer = write_chosen(optim::optimizer_fields(), optim::optimizers(), o.optimizer);
  CHECK(optimizer.at("groups").size() == 2);
  optimizer["groups"][0]["lr_scale"] = 1;  // the default of a group that does not say it
  CHECK(agrees("optimizer", optimizer));
}

TEST_CASE("options that contradict themselves are named with where they stand") {
  CHECK_THROWS_WITH(train::run_options(config_with({"augment.area=[0.5,0.1]"})),
                    Contains("augment.area=[0.5,0.1]") &&
                        Contains("augment.area must be [smallest, largest], not [0.5, 0.1]"));
  CHECK_THROWS_WITH(train::run_options(config_with(
                        {"augment.policy=rand_augment", "augment.rand_augment.magnitude=31"})),
                    Contains("augment.rand_augment.magnitude=31") &&
                        Contains("augment.rand_augment.magnitude must be below bins=31, not 31"));
  CHECK_THROWS_WITH(
      train::run_options(
          config_with({"mix.kinds=[\"resize_mix\"]", "mix.resize_mix.scale=[0.8,0.2]"})),
      Contains("argument mix.resize_mix.scale=[0.8,0.2]: mix.resize_mix.scale must be "
               "[smallest, largest], not [0.8, 0.2]"));
  CHECK_THROWS_WITH(
      train::run_options(config_with({"optimizer.name=adam", "optimizer.cautious=true"})),
      Contains("optimizer.cautious is for adamw, adan, lamb, lion, rmsprop_tf, sgdw, not for "
               "optimizer.name=adam"));
  CHECK_THROWS_WITH(train::run_options(config_with({"optimizer.name=schedule_free_sgd"})),
                    Contains("optimizer.name=schedule_free_sgd goes with schedule.name=constant "
                             "alone, with or without a warm-up, not with schedule.name=cosine"));
  CHECK_THROWS_WITH(
      train::run_options(config_with(
          {"optimizer.name=schedule_free_adamw", "schedule.name=constant", "average.name=ema"})),
      Contains("optimizer.name=schedule_free_adamw averages the weights itself: average.name must "
               "be none, not ema"));
  CHECK_THROWS_WITH(
      train::run_options(config_with({"schedule.name=one_cycle", "optimizer.name=lion",
                                      "schedule.one_cycle.cycle_momentum=true"})),
      Contains("schedule.one_cycle.cycle_momentum is for adam, adamw, sgd, sgdw, not for "
               "optimizer.name=lion"));
  CHECK_THROWS_WITH(
      train::run_options(config_with({"schedule.name=one_cycle", "optimizer.momentum=0",
                                      "schedule.one_cycle.cycle_momentum=true"})),
      Contains("schedule.one_cycle.cycle_momentum needs an optimizer.momentum above 0"));
  CHECK_THROWS_WITH(train::run_options(config_with({"schedule.final_weight_decay=0.4"})),
                    Contains("schedule.final_weight_decay=0.4 needs an optimizer.weight_decay"));
  CHECK_THROWS_WITH(train::run_options(config_with({"profile.steps=9-3"})),
                    Contains("profile.steps"));
}
