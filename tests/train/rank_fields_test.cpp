#include "../support/toy_source.h"

#include <imgcls/train/rank_fields.h>

#include <catch2/catch.hpp>
#include <map>

using namespace imgcls;

namespace {

std::map<std::string, std::string> by_name(const std::vector<dist::Field>& fields) {
  std::map<std::string, std::string> map;
  for (const dist::Field& field : fields) map[field.name] = field.value;
  return map;
}

}  // namespace

TEST_CASE("a configuration's fields are its values, but for what may differ between machines") {
  const auto fields = by_name(train::config_fields(Config::parse(
      R"({"data": {"root": "here", "threads": 3}, "model": {"name": "m"}, "run": {"dir": "r"}})")));
  CHECK(fields.at("model.name") == "\"m\"");
  CHECK(fields.at("run.dir") == "\"r\"");
  CHECK(fields.at("train.batch") == "256");
  CHECK(fields.at("augment.area.1") == "1");
  CHECK(fields.at("data.train") == "\"train\"");
  CHECK(fields.count("data.root") + fields.count("data.threads") == 0);
}

TEST_CASE("versions and data are fields") {
  const auto versions = by_name(train::version_fields());
  CHECK(versions.size() == 3);
  CHECK(versions.at("the version of LibTorch").starts_with("2."));
  CHECK(versions.at("the SHA-256 of the program").size() == 64);
  const auto data = by_name(train::data_fields("training", test::ToySource(70, 1)));
  CHECK(data.at("the number of training images") == "70");
  CHECK(data.at("the number of training classes") == "4");
  CHECK(data.at("the fingerprint of the training data") == "toy 1");
}
