// The tables of options against configs/schema.json, and both ways through a configuration.
#include <imgcls/augment/transform_fields.h>
#include <imgcls/core/config.h>
#include <imgcls/core/schema.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Contains;
using nlohmann::json;

namespace {

struct Section {
  std::string name;
  json properties;
  std::set<std::string> others;  ///< keys of the section that no table has
};

std::vector<Section> sections() {
  return {
      {"data",
       train::data_fields().properties(),
       {"name", "format", "root", "train", "val", "index", "image_key", "stage_dir", "classes"}},
      {"augment", data::augment_fields().properties(), {}},
      {"eval", train::eval_fields().properties(), {}},
      {"train", train::train_fields().properties(), {}},
      {"optimizer", optim::optimizer_fields().properties(), {}},
      {"schedule", train::schedule_fields().properties(), {}},
      {"checkpoint", train::checkpoint_fields().properties(), {}},
      {"log", train::log_fields().properties(), {}},
      {"profile", train::profile_fields().properties(), {}},
      {"dist", train::dist_fields().properties(), {"device", "timeout_s"}},
  };
}

Config config_with(std::vector<std::string> overrides) {
  overrides.insert(overrides.end(), {"data.root=nowhere", "model.name=resnet18"});
  return Config::load(overrides);
}

}  // namespace

TEST_CASE("the schema says of each option what its table says") {
  for (const Section& section : sections()) {
    json expected = config_schema().at("properties").at(section.name).at("properties");
    for (const std::string& other : section.others) expected.erase(other);
    for (const auto& [name, schema] : expected.items()) {
      INFO(section.name << "." << name);
      REQUIRE(section.properties.contains(name));
      INFO(section.properties.at(name).dump(1) << "\nin the schema: " << schema.dump(1));
      CHECK((section.properties.at(name) == schema));  // 600 equals 600.0
    }
    CHECK(section.properties.size() == expected.size());
  }
}

TEST_CASE("options that a configuration gives are written as it says them") {
  const Config config = config_with(
      {"augment.crop=pad", "augment.area=[0.1,0.5]", "augment.pad_mode=zero", "eval.resize=0",
       "train.seed=9007199254740992", "train.deterministic=true", "train.precision=bf16",
       "optimizer.name=adam", "optimizer.betas=[0.8,0.95]", "optimizer.lr=0.003",
       R"(optimizer.groups=[{"pattern":"bn","weight_decay":0},{"pattern":"fc","lr_scale":10}])",
       "schedule.name=constant", "checkpoint.resume=changed", "log.wandb_project=x",
       "profile.steps=3-5", "dist.compress=fp16", "data.mean=[0.1,0.2,0.3]", "data.on_error=skip"});
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
  CHECK(agrees("augment", data::augment_fields().write(o.augment)));
  CHECK(agrees("eval", train::eval_fields().write(o.eval)));
  CHECK(agrees("train", train::train_fields().write(o)));
  CHECK(agrees("schedule", train::schedule_fields().write(o.schedule)));
  CHECK(agrees("checkpoint", train::checkpoint_fields().write(o.checkpoint)));
  CHECK(agrees("log", train::log_fields().write(o)));
  CHECK(agrees("profile", train::profile_fields().write(o)));
  CHECK(agrees("dist", train::dist_fields().write(o)));
  json optimizer = optim::optimizer_fields().write(o.optimizer);
  CHECK(optimizer.at("groups").size() == 2);
  optimizer["groups"][0]["lr_scale"] = 1;  // the default of a group that does not say it
  CHECK(agrees("optimizer", optimizer));
}

TEST_CASE("options that contradict themselves are named with where they stand") {
  CHECK_THROWS_WITH(train::run_options(config_with({"augment.area=[0.5,0.1]"})),
                    Contains("augment.area=[0.5,0.1]") &&
                        Contains("augment.area must be [smallest, largest], not [0.5, 0.1]"));
  CHECK_THROWS_WITH(train::run_options(config_with({"profile.steps=9-3"})),
                    Contains("profile.steps"));
}
