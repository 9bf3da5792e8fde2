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

TEST_CASE("batches have a time limit of their own, whatever that of ranks") {
  const std::vector<std::string> arguments{"data.root=x", "model.name=resnet18", "data.timeout_s=5",
                                           "dist.timeout_s=7"};
  const train::RunOptions options = train::run_options(Config::load(arguments));
  CHECK(train::train_loader_options(options, 0, 1).timeout_s == 5);
  CHECK(train::eval_loader_options(options, 0, 1).timeout_s == 5);
  const std::vector<std::string> unset{"data.root=x", "model.name=resnet18", "dist.timeout_s=7"};
  CHECK(train::run_options(Config::load(unset)).data.timeout_s == 600);
}
