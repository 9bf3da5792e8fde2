// What training scripts save beside a state dict, and what may stand in one.
#include "damage.h"
#include "pickles.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/core/file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/pth.h>

#include <fmt/format.h>
#include <paths.h>

using namespace imgcls;
using namespace imgcls::weights;
using namespace std::literals;
using Catch::Matchers::Contains;
using test::Bytes;
using test::dict;
using test::pickle_of;
using test::refusal;
using test::tensor;
using test::text;
using test::with_pickle;

namespace {

/// A call of that function or class, "module\nname", with a tuple of a text.
std::string call(std::string_view name) {
  return "c" + std::string(name) + "\n" + text("x") + "\x85R";
}

/// What is said of a file with that value beside the state dict, and with it among the tensors.
std::pair<std::string, std::string> beside_and_within(const std::string& value) {
  return {
      refusal(with_pickle(pickle_of(dict({{"odd", value}, {"model", dict({{"w", tensor()}})}})))),
      refusal(with_pickle(pickle_of(dict({{"model", dict({{"w", tensor()}, {"odd", value}})}}))))};
}

}  // namespace

TEST_CASE("all that training scripts save beside a state dict is skipped, in every protocol") {
  std::vector<std::string> names;
  for (const int protocol : {2, 3, 4, 5}) {
    names.push_back(fmt::format("protocol{}", protocol));
    names.push_back(fmt::format("legacy{}", protocol));
  }
  for (const std::string& name : names) {
    const FileSource file(
        fmt::format("{}/tests/weights/pth_beside/{}.pth", IMGCLS_SOURCE_DIR, name));
    INFO(file.name());
    const Listing listing = parse_weights(file);
    CHECK(listing.key == "state_dict");
    REQUIRE(listing.tensors.size() == 2);
    CHECK(listing.tensors[0].name == "fc.weight");
    CHECK(listing.tensors[1].name == "fc.bias");
    // Of the storages, those are found that belong to the two: 1, 2 and 3, 4.
    for (int i = 0; i < 2; ++i) {
      const Place place = listing.place(listing.tensors[static_cast<std::size_t>(i)]);
      REQUIRE(place.size == 8);
      float values[2];
      file.read(place.offset, std::as_writable_bytes(std::span(values)));
      CHECK(values[0] == static_cast<float>(1 + 2 * i));
      CHECK(values[1] == static_cast<float>(2 + 2 * i));
    }
  }
}

TEST_CASE("a damaged file with values beside is refused, or its tensors are the same") {
  const Bytes good = read_file(IMGCLS_SOURCE_DIR "/tests/weights/pth_beside/protocol4.pth");
  test::check_truncations(test::kPth, good, 97);
  CHECK(test::misread_flips(test::kPth, good, 13) == 0);
}

TEST_CASE("what only Python can make is refused among the tensors, by its key and its name") {
  const std::vector<std::pair<std::string, std::string>> values{
      {call("os\nsystem"), "os.system"},
      {call("numpy._core.multiarray\nscalar"), "numpy._core.multiarray.scalar"},
      {call("torch._utils\n_rebuild_qtensor"), "torch._utils._rebuild_qtensor"},
      {"cmy\nNet\n)\x81}(" + text("a") + "K\x01ub", "my.Net"},
      {"cmy\nNet\n)}\x92", "my.Net"},
      {text("my") + text("Net") + "\x93" + text("x") + "\x85R", "my.Net"},
      {"(cmy\nOld\nK\x01o", "my.Old"},
      {call("my\nmake") + ")R", "what has no name"},
      {test::storage(), "a storage"},
      {text("elsewhere") + "Q", "a storage"},
  };
  for (const auto& [value, name] : values) {
    INFO(name);
    const auto [beside, within] = beside_and_within(value);
    CHECK(beside == "accepted");
    CHECK_THAT(within, Contains("\"odd\"") && Contains(name));
  }
}

TEST_CASE("plain data among the tensors is left out") {
  for (const std::string& value :
       {"N"s, "K\x07"s, "G\x3F\xF0\0\0\0\0\0\0"s, "\x88"s, text("note"),
        "]K\x01"
        "a"s,
        "}"s, "C\x02xy"s, "\x8F"s, "(K\x01\x91"s, call("torch\ndevice"), call("torch\nSize"),
        "ccollections\nOrderedDict\n)R"s, "ctorch\nfloat32\n"s}) {
    INFO(value);
    CHECK(beside_and_within(value) == std::pair("accepted"s, "accepted"s));
  }
  // What a module keeps of its own, whatever it is.
  CHECK(refusal(with_pickle(pickle_of(
            dict({{"w", tensor()}, {"layer._extra_state", call("_io\nBytesIO")}})))) == "accepted");
}

TEST_CASE("a model that was saved whole is refused with the remedy") {
  const std::string net = "ctorchvision.models.resnet\nResNet\n)\x81}" + text("_modules") + "}sb";
  for (const std::string& value : {net, dict({{"epoch", "K\x01"}, {"model", net}}),
                                   dict({{"ema", net}, {"date", call("datetime\ndatetime")}}),
                                   dict({{"model", net}, {"rng", dict({{"cpu", tensor()}})}})}) {
    CHECK_THAT(refusal(with_pickle(pickle_of(value))),
               Contains("would call torchvision.models.resnet.ResNet") && Contains("state_dict()"));
  }
}

TEST_CASE("objects that are used as dicts are dicts") {
  const std::string object =
      "cmy\nAttributes\n)\x81(" + text("w") + tensor() + "u}" + text("a") + "K\x01sb";
  CHECK(refusal(with_pickle(pickle_of(object))) == "accepted");
  CHECK(refusal(with_pickle(pickle_of(dict({{"state_dict", object}})))) == "accepted");
  // Lists and sets of classes of their own hold nothing that is read.
  for (const std::string& items : {"(K\x01K\x02"
                                   "e"s,
                                   "K\x01"
                                   "a"s,
                                   "(K\x01\x90"s}) {
    CHECK(beside_and_within("cmy\nSteps\n)\x81" + items).first == "accepted");
  }
  CHECK_THAT(beside_and_within("K\x01K\x02"
                               "a")
                 .first,
             Contains("cannot hold them"));
}

TEST_CASE("a tensor's storage of an unknown kind is refused where the tensor is wanted") {
  const std::string odd = tensor(test::integer(0), test::pair_of(2, 3), test::pair_of(3, 1),
                                 test::storage(test::integer(6), "torch\nQInt8Storage"));
  const auto [beside, within] = beside_and_within(odd);
  CHECK(beside == "accepted");
  CHECK_THAT(within, Contains("\"odd\"") && Contains("torch.QInt8Storage"));
}
