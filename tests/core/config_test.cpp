// Config::parse: what is read, what is refused, and what the messages say.

#include <imgcls/core/config.h>
#include <imgcls/core/error.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>

using Catch::Matchers::Contains;
using imgcls::Config;
using imgcls::ConfigError;

namespace {

/// The message with which `text` is refused.
std::string refused(const std::string& text) {
  try {
    Config::parse(text, "x.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  FAIL("accepted: " << text);
  return {};
}

/// A complete configuration whose line 2 is `line`.
std::string with(const std::string& line) {
  return "{ \"data\": {\"root\": \"r\"}, \"model\": {\"name\": \"m\"},\n" + line + "\n}";
}

}  // namespace

TEST_CASE("defaults come from the schema") {
  const Config config = Config::parse(with("\"train\": {\"epochs\": 3}"));
  const nlohmann::json& json = config.json();
  CHECK(json.at("train").at("epochs") == 3);
  CHECK(json.at("train").at("batch") == 256);
  CHECK(json.at("train").at("precision") == "fp32");
  CHECK(json.at("optimizer").at("betas") == nlohmann::json({0.9, 0.999}));
  CHECK(json.at("augment").at("aspect").at(1) == 4.0 / 3.0);
  CHECK(json.at("dist").at("timeout_s") == 600);
  CHECK(json.at("run").at("dir") == "");
  CHECK(nlohmann::json::parse(config.text()) == json);
}

TEST_CASE("defaults are filled into the objects of a list") {
  const Config config = Config::parse(with(R"("optimizer": {"groups": [{"pattern": "bn"}]})"));
  const nlohmann::json& group = config.json().at("optimizer").at("groups").at(0);
  CHECK(group.at("lr_scale") == 1);
  CHECK_FALSE(group.contains("weight_decay"));
}

TEST_CASE("comments and $schema are read over") {
  const Config config = Config::parse(
      "// first\n{ /* two\nlines */ \"$schema\": \"../schema.json\",\n"
      "\"data\": {\"root\": \"r\"}, \"model\": {\"name\": \"m\"} // last\n}");
  CHECK_FALSE(config.json().contains("$schema"));
  CHECK(config.origin("data.root") == "config:4");
  CHECK_THAT(refused(with("\"$schema\": 5")), Contains("x.json:2: $schema must be a text, not 5"));
}

TEST_CASE("a whole number is an integer however it is written") {
  const Config config = Config::parse(with("\"train\": {\"batch\": 1024.0, \"seed\": 1e3}"));
  CHECK(config.json().at("train").at("batch").is_number_integer());
  CHECK(config.json().at("train").at("batch") == 1024);
  CHECK(config.json().at("train").at("seed").dump() == "1000");
  CHECK(refused(with("\"train\": {\"batch\": 1024.5}")) ==
        "x.json:2: train.batch must be an integer of at least 1, not 1024.5");
}

TEST_CASE("unknown keys are refused with the nearest known one") {
  CHECK(refused(with("\"train\": {\n\"epoch\": 3}")) ==
        "x.json:3: unknown key \"train.epoch\"; did you mean \"train.epochs\"?");
  CHECK(refused(with("\"epochs\": 3")) ==
        "x.json:2: unknown key \"epochs\"; did you mean \"train.epochs\"?");
  CHECK(refused(with("\"train\": {\"lr\": 1}")) ==
        "x.json:2: unknown key \"train.lr\"; did you mean \"optimizer.lr\"?");
  CHECK(
      refused(with("\"optimizer\": {\"groups\": [{\"pattern\": \"a\"},\n{\"patern\": \"b\"}]}")) ==
      "x.json:3: unknown key \"optimizer.groups[1].patern\"; "
      "did you mean \"optimizer.groups[1].pattern\"?");
  CHECK(refused(with("\"log\": {\"dragons\": 3}")) ==
        "x.json:2: unknown key \"log.dragons\"; known here: every, samples, tensorboard, wandb, "
        "wandb_project");
  CHECK_THAT(refused(with("\"a\\n\\\"b\": 3")), Contains("unknown key \"a\\n\\\"b\""));
}

TEST_CASE("wrong types are refused") {
  CHECK(refused(with("\"train\": {\"epochs\": \"abc\"}")) ==
        "x.json:2: train.epochs must be an integer of at least 1, not \"abc\"");
  CHECK(refused(with("\"train\": {\"tf32\": 1}")) ==
        "x.json:2: train.tf32 must be true or false, not 1");
  CHECK(refused(with("\"train\": [1]")) == "x.json:2: train must be an object {...}, not [1]");
  CHECK(refused(with("\"optimizer\": {\"lr\": true}")) ==
        "x.json:2: optimizer.lr must be a number above 0, not true");
  CHECK(refused(with("\"run\": {\"dir\": null}")) == "x.json:2: run.dir must be a text, not null");
  CHECK(refused(with("\"optimizer\": {\"groups\": {}}")) ==
        "x.json:2: optimizer.groups must be a list [...], not {}");
  CHECK(refused("[1]") == "x.json: must be an object {...}, not [1]");
}

TEST_CASE("values out of range are refused") {
  CHECK(refused(with("\"train\": {\"epochs\": 0}")) ==
        "x.json:2: train.epochs must be an integer of at least 1, not 0");
  CHECK(refused(with("\"train\": {\"epochs\": 3000000000}")) ==
        "x.json:2: train.epochs must be an integer of at least 1 and at most 2147483647, "
        "not 3000000000");
  CHECK(refused(with("\"train\": {\"seed\": 18446744073709551615}")) ==
        "x.json:2: train.seed must be an integer of at least 0 and at most 9007199254740992, "
        "not 18446744073709551615");
  CHECK(refused(with("\"train\": {\"label_smoothing\": 1}")) ==
        "x.json:2: train.label_smoothing must be a number of at least 0 and below 1, not 1");
  CHECK(refused(with("\"optimizer\": {\"lr\": 0}")) ==
        "x.json:2: optimizer.lr must be a number above 0, not 0");
  CHECK(refused(with("\"augment\": {\"area\": [0.5,\n1.5]}")) ==
        "x.json:2: augment.area[1] must be a number above 0 and at most 1, not 1.5");
  CHECK(refused(with("\"augment\": {\"area\": [0.5]}")) ==
        "x.json:2: augment.area must be a list of 2 values, not [0.5]");
  CHECK(refused(with("\"optimizer\": {\"name\": \"lamp\"}")) ==
        "x.json:2: optimizer.name must be one of \"lamb\", \"lars\", \"adam\", \"adamw\", \"lion\" "
        "and "
        "11 more, not \"lamp\"");
  CHECK(refused("{\"data\": {\"root\": \"r\"},\n\n\"model\": {\"name\": \"\"}}") ==
        "x.json:3: model.name must be a text, not empty, not \"\"");
  const std::string long_value(10'000, 'x');
  CHECK(refused(with("\"optimizer\": {\"name\": \"" + long_value + "\"}")).size() < 350);
}

TEST_CASE("missing required keys are named") {
  CHECK_THAT(refused("{\"model\": {\"name\": \"m\"}}"),
             Contains("missing key \"data.root\": Folder that holds the data"));
  CHECK_THAT(refused("{\"data\": {\"root\": \"r\"}}"), Contains("missing key \"model.name\""));
  CHECK_THAT(refused(with("\"optimizer\": {\"groups\": [\n{\"lr_scale\": 2}]}")),
             Contains("x.json:2: missing key \"optimizer.groups[0].pattern\""));
}

TEST_CASE("a key given twice is refused with both lines") {
  CHECK(refused("{\n\"train\": {\"epochs\": 1,\n\"batch\": 2,\n\"epochs\": 3}}") ==
        "x.json:4: key \"train.epochs\" is given twice, first in line 2; remove one of them");
  CHECK_THAT(refused("{\"train\": {},\n\"train\": {}}"), Contains("x.json:2: key \"train\""));
  // The same name in two objects is not the same key.
  CHECK_NOTHROW(Config::parse(with("\"eval\": {\"batch\": 1}, \"train\": {\"batch\": 1}")));
}

TEST_CASE("broken JSON is refused with its line") {
  const std::string comma = "broken JSON: there is a comma after the last value; remove it";
  CHECK(refused("{\"a\": 1,\n}") == "x.json:2: " + comma);
  CHECK(refused("{\"a\": [1,\n2,\n]}") == "x.json:3: " + comma);
  CHECK_THAT(refused("{\"a\": 1,\n,}"), Contains("x.json:2: broken JSON: syntax error"));
  CHECK_THAT(refused("{\"a\": ]"), Contains("x.json:1: broken JSON: syntax error"));
  CHECK_THAT(refused(""), Contains("x.json:1: broken JSON"));
  CHECK_THAT(refused("{\n\"train\": {\"epochs\": 1"), Contains("x.json:2: broken JSON"));
  CHECK_THAT(refused(with("\"run\": {\"dir\": \"a\nb\"}")), Contains("x.json:2: broken JSON"));
  CHECK_THAT(refused(with("\"run\": {\"dir\": \"\xFF\"}")), Contains("x.json:2: broken JSON"));
  CHECK_THAT(refused("{} {}"), Contains("x.json:1: broken JSON"));
  CHECK_THAT(refused("{ /* no end"), Contains("x.json:1: broken JSON"));
  for (const char* number : {"NaN", "Infinity", "-Infinity", "nan", "0x10", "01", "+1", "1e400"}) {
    INFO(number);
    CHECK_THAT(refused(with("\"optimizer\": {\"lr\": " + std::string(number) + "\n}")),
               Contains("x.json:2: broken JSON: "));
  }
  CHECK(refused(with("\"optimizer\": {\"lr\": 1e400\n}")) ==
        "x.json:2: broken JSON: number overflow parsing '1e400'");
}

TEST_CASE("nesting is limited") {
  const auto nested = [](std::size_t depth) {
    return "{\"classes\":\n" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK_THAT(refused(nested(32)), Contains("unknown key \"classes\""));
  CHECK(refused(nested(33)) == "x.json:2: nested deeper than 32");
  CHECK(refused(nested(100'000)) == "x.json:2: nested deeper than 32");
  CHECK(refused(std::string(100'000, '[')) == "x.json:1: nested deeper than 32");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(refused(objects) == "x.json:1: nested deeper than 32");
}

TEST_CASE("the origin of a key is its line, or the default") {
  const Config config = Config::parse(with("\"train\": {\n\"epochs\": 3}"), "x.json");
  CHECK(config.origin("train.epochs") == "x.json:3");
  CHECK(config.origin("train") == "x.json:2");
  CHECK(config.origin("train.batch") == "default");
  CHECK(config.origin("eval") == "default");
  const Config copy = config;
  CHECK(copy.origin("train.epochs") == "x.json:3");
  CHECK(copy.json() == config.json());
}
