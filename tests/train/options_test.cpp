#include <imgcls/core/config.h>
#include <imgcls/core/error.h>
#include <imgcls/train/options.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;

TEST_CASE("a batch is a multiple of ranks times micro-batches") {
  train::RunOptions options;
  options.batch = 24;
  options.accumulate = 4;
  CHECK(train::train_loader_options(options, 1, 2).batch == 24);
  CHECK(train::train_loader_options(options, 0, 3).batch == 24);
  CHECK_THROWS_AS(train::train_loader_options(options, 0, 4), ConfigError);
  CHECK_THROWS_WITH(train::train_loader_options(options, 0, 4),
                    Contains("train.batch=24") && Contains("4 ranks") &&
                        Contains("train.accumulate=4") && Contains("a multiple of 16"));
  options.accumulate = 1;
  CHECK_THROWS_WITH(train::train_loader_options(options, 0, 5), Contains("a multiple of 5"));
}

TEST_CASE("a batch that shards cannot share is refused before anything is opened") {
  const std::vector<std::string> seven{"data.root=/nowhere", "model.name=resnet9",
                                       "train.batch=256", "train.shards=7"};
  CHECK_THROWS_WITH(train::run_options(Config::load(seven)), Contains("train.batch=256") &&
                                                                 Contains("train.shards=7") &&
                                                                 Contains("a multiple of 7"));
}

TEST_CASE("evaluation asks nothing of the training batch") {
  train::RunOptions options;
  options.batch = 25;
  options.accumulate = 4;
  options.eval.batch = 7;
  const auto loader = train::eval_loader_options(options, 1, 2);
  CHECK(loader.batch == 7);
  CHECK(loader.rank == 1);
  CHECK(std::holds_alternative<data::EvalOptions>(loader.transform));
}

TEST_CASE("views and crops that do not go with the rest are refused, with what would") {
  const auto refused = [](std::vector<std::string> more) -> std::string {
    more.insert(more.begin(), {"data.root=x", "model.name=resnet18"});
    try {
      train::run_options(Config::load(more));
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  };
  CHECK(refused({"loss.name=jsd", "augment.policy=augmix", "augment.views=3"}).empty());
  CHECK(refused({"eval.crops=10"}).empty());
  CHECK(refused({"eval.crops=5", "eval.resize=0"}).empty());
  CHECK_THAT(refused({"loss.name=jsd", "augment.policy=augmix"}),
             Contains("loss.name=jsd compares views of an image: give augment.views=3"));
  CHECK_THAT(refused({"augment.views=3"}),
             Contains("augment.views must be 1, not 3, without a policy or operations"));
  CHECK_THAT(refused({"augment.views=0"}), Contains("augment.views must be an integer of at least "
                                                    "1 and at most 64, not 0"));
  CHECK_THAT(refused({"augment.views=2", "augment.policy=augmix", "mix.kinds=[\"mixup\"]"}),
             Contains("mix.kinds") && Contains("augment.views at 1, not 2"));
  CHECK_THAT(refused({"eval.crops=3"}), Contains("eval.crops must be 1 or 5 or 10, not 3"));
  CHECK_THAT(refused({"eval.crops=5", "eval.size=64", "eval.resize=60"}),
             Contains("eval.crops=5 cuts squares of eval.size=64") &&
                 Contains("eval.resize=60; give at least 64"));
}

TEST_CASE("batches have a time limit of their own, whatever that of ranks") {
  const std::vector<std::string> arguments{"data.root=x", "model.name=resnet18", "data.timeout_s=5",
                                           "dist.timeout_s=7"};
  const train::RunOptions options = train::run_options(Config::load(arguments));
  CHECK(train::train_loader_options(options, 0, 1).timeout_s == 5);
  CHECK(train::eval_loader_options(options, 0, 1).timeout_s == 5);
  const std::vector<std::string> unset{"data.root=x", "model.name=resnet18", "dist.timeout_s=7"};
  CHECK(train::run_options(Config::load(unset)).data.timeout_s == 600);
}
