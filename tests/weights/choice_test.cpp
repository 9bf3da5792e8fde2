// Which of several state dicts is taken, and how one is chosen.
#include "damage.h"
#include "pickles.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/safetensors.h>

#include <fmt/format.h>

using namespace imgcls;
using namespace imgcls::weights;
using Catch::Matchers::Contains;
using test::Bytes;
using test::dict;
using test::pickle_of;
using test::state_dict;
using test::with_pickle;

namespace {

using Keys = std::vector<std::string>;

Listing list(const std::string& value, std::string_view key = "") {
  const Bytes bytes = with_pickle(pickle_of(value));
  return parse_weights(MemorySource(bytes, "the file"), key);
}

std::string refusal(const std::string& value, std::string_view key = "") {
  return test::refusal([key](const ByteSource& file) { return parse_weights(file, key); },
                       with_pickle(pickle_of(value)));
}

/// The names of the tensors that are taken, as "key: a b".
std::string taken(const std::string& value, std::string_view key = "") {
  const Listing listing = list(value, key);
  std::string text = listing.key + ":";
  for (const StoredTensor& tensor : listing.tensors) text += " " + tensor.name;
  return text;
}

const std::string kPlain = state_dict({"c.w"}), kEma = state_dict({"c.w", "c.b"});

Bytes safetensors(const std::vector<std::string>& names) {
  std::vector<StoredTensor> tensors;
  for (const std::string& name : names) {
    tensors.push_back({.name = name, .type = DType::uint8, .shape = {1}});
  }
  const std::string text = safetensors_head(tensors) + std::string(names.size(), 'x');
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("of several state dicts the usual one is taken, and the others are named") {
  const auto check = [](const std::string& value, const std::string& expected, const Keys& others) {
    CHECK(taken(value) == expected);
    CHECK(list(value).others == others);
  };
  check(dict({{"state_dict_ema", kEma}, {"state_dict", kPlain}}), "state_dict: c.w",
        {"state_dict_ema"});
  check(dict({{"model_ema", kEma}, {"model", kPlain}}), "model: c.w", {"model_ema"});
  check(dict({{"model", kEma}, {"state_dict", kPlain}}), "state_dict: c.w", {"model"});
  check(dict({{"model", dict({{"state_dict", kPlain}})}, {"ema", dict({{"module", kEma}})}}),
        "model.state_dict: c.w", {"ema.module"});
  check(dict({{"checkpoint", dict({{"ema", kEma}, {"model", kPlain}})}}), "checkpoint.model: c.w",
        {"checkpoint.ema"});
  check(dict({{"a", kPlain}}), "a: c.w", {});
  check(kPlain, ": c.w", {});
  // Tensors beside it are no state dict, nor is what an optimizer keeps; one of equal names is.
  check(dict({{"model", state_dict({"w"})},
              {"rng", state_dict({"cpu", "cuda"})},
              {"optimizer", dict({{"state", dict({{"0", state_dict({"exp_avg"})}})}})},
              {"best", state_dict({"w", "b"})}}),
        "model: w", {"best"});
  // Neither is the same once more.
  check(dict({{"model", kPlain + "q\x09"}, {"best", "h\x09"}}), "model: c.w", {});
  // A configuration under a usual key.
  check(dict({{"model", dict({{"name", "N"}})}, {"weights", kPlain}}), "weights: c.w", {});
  check(dict({{"mine", kPlain}, {"rng", state_dict({"cpu"})}}), "mine: c.w", {});
}

TEST_CASE("several that are as likely are refused with their keys") {
  CHECK_THAT(
      refusal(dict({{"student", kPlain}, {"teacher", kEma}})),
      Contains("\"student\", \"teacher\"") && Contains("--key") && Contains("model.weights_key"));
}

TEST_CASE("a key chooses a state dict, inside of others as well") {
  const std::string both = dict({{"state_dict", kPlain}, {"state_dict_ema", kEma}});
  CHECK(taken(both, "state_dict_ema") == "state_dict_ema: c.w c.b");
  CHECK(taken(both, "state_dict") == "state_dict: c.w");
  const std::string nested =
      dict({{"a", dict({{"ema", dict({{"module", kEma}, {"decay", "N"}})}, {"model", kPlain}})}});
  CHECK(taken(nested, "a") == "a.model: c.w");
  CHECK(list(nested, "a").others == Keys{"a.ema.module"});
  CHECK(taken(nested, "a.ema") == "a.ema.module: c.w c.b");
  CHECK(taken(nested, "a.ema.module") == "a.ema.module: c.w c.b");
  const std::string dots = dict({{"a.b", dict({{"c.d", kEma}})}, {"a", kPlain}});
  CHECK(taken(dots, "a.b.c.d") == "a.b.c.d: c.w c.b");
}

TEST_CASE("a key chooses what begins with it in a state dict") {
  const std::string flat = state_dict({"model.c.w", "ema_model.c.w", "ema_model.c.b", "n"});
  CHECK(taken(flat, "ema_model") == "ema_model: c.w c.b");
  const std::string inside = dict({{"state_dict", flat}, {"epoch", "K\x01"}});
  CHECK(taken(inside, "ema_model") == "ema_model: c.w c.b");
  CHECK(taken(inside, "state_dict.ema_model") == "state_dict.ema_model: c.w c.b");
  const Bytes bytes = safetensors({"model.c.w", "ema.c.w", "ema.c.b"});
  const MemorySource file(bytes, "the file");
  const Listing listing = parse_weights(file, "ema");
  CHECK(listing.key == "ema");
  REQUIRE(listing.tensors.size() == 2);
  CHECK(listing.tensors[0].name == "c.w");
  CHECK(listing.place(listing.tensors[1]).offset == file.size() - 1);
}

TEST_CASE("a key that is not there is refused with those that are") {
  const std::string both = dict({{"state_dict", kPlain}, {"state_dict_ema", kEma}});
  for (const std::string key :
       {"ema", "state", "state_dict.x", "state_dict_ema.c.w.x", ".", "c.w"}) {
    INFO(key);
    CHECK_THAT(refusal(both, key), Contains("nothing under the key \"" + key + "\"") &&
                                       Contains("\"state_dict\", \"state_dict_ema\""));
  }
  CHECK_THAT(refusal(state_dict({"model.c.w", "ema.c.w", "n"}), "x"),
             Contains("\"model\", \"ema\""));
  CHECK_THAT(refusal(dict({{"model", kPlain}, {"ema", "cmy\nNet\n)\x81"}}), "ema"),
             Contains("\"ema\" would call my.Net"));
  const Bytes bytes = safetensors({"model.c.w", "ema.c.w", "n"});
  CHECK_THAT(test::refusal([](const ByteSource& file) { return parse_weights(file, "x"); }, bytes),
             Contains("\"x\"") && Contains("\"model\", \"ema\""));
}
