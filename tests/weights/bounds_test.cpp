// Small files that ask for much.
#include "damage.h"
#include "pickles.h"

#include <imgcls/core/pickle.h>

using namespace imgcls;
using namespace imgcls::weights;
using namespace std::literals;
using Catch::Matchers::Contains;
using test::Bytes;
using test::dict;
using test::integer;
using test::pickle_of;
using test::tensor;
using test::text;
using test::with_pickle;

namespace {

std::string refusal(const std::string& value, std::size_t storage_bytes = 24) {
  return test::refusal(with_pickle(pickle_of(value), storage_bytes));
}

std::string repeated(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("many dicts that share one list are refused before it is copied for each") {
  // 20,000 OrderedDicts of Python 2, of the same 20,000 pairs: 400 million entries.
  const std::string pairs = "](" + repeated(20'000, "K\x01K\x02\x86") + "eq\x01";
  const std::string shared = "ccollections\nOrderedDict\nq\x02" + pairs + "\x85R";
  std::string items;
  for (int i = 0; i < 20'000; ++i) items += text(std::to_string(i)) + "h\x02h\x01\x85R";
  const std::string value = "}(" + text("first") + shared + items + "u";
  CHECK_THAT(refusal(value), Contains("share their entries"));
}

TEST_CASE(
    "many tensors that share one storage are refused where they would be as many times as large") {
  const auto value = [](int count, const std::string& shape, const std::string& strides) {
    std::string items = "}(" + text("0") + tensor(integer(0), shape, strides) + "q\x01";
    for (int i = 1; i < count; ++i) items += text(std::to_string(i)) + "h\x01";
    return items + "u";
  };
  // As layers share weights, and views of one value.
  CHECK(refusal(value(50, test::pair_of(2, 3), test::pair_of(3, 1))) == "accepted");
  CHECK_THAT(refusal(value(1000, test::pair_of(16, 16), test::pair_of(0, 0))),
             Contains("more than 64 times its size"));
  // Shapes take memory, too.
  const std::string ones = "(" + repeated(64, "K\x01") + "t";
  CHECK_THAT(refusal(value(10'000, ones + "q\x02", "h\x02")), Contains("64 times its size"));
  CHECK_THAT(refusal(value(2, test::pair_of(1 << 15, 1 << 15), test::pair_of(0, 0))),
             Contains("more than the file"));
}

TEST_CASE("names of a few texts do not become more than the file") {
  const std::string a(200, 'a');
  std::string value = "](";
  for (std::uint32_t i = 0; i < 300; ++i)
    value += text(std::to_string(i) + a.substr(3)) + "r" + test::little(i);
  for (std::uint32_t i = 0; i < 90'000; ++i) {
    value += "j" + test::little(i / 300) + "j" + test::little(i % 300) + "\x93";
  }
  CHECK_THAT(refusal(value + "e"), Contains("more than 16 MiB of values"));
  CHECK_THAT(refusal(text(std::string(201, 'm')) + text("n") + "\x93"), Contains("not a name"));
}

TEST_CASE("what a pickle keeps is bounded, and what it skips is not") {
  const auto beside = [](const std::string& odd) {
    return refusal("}(" + text("odd") + odd + text("model") + dict({{"w", tensor()}}) + "u");
  };
  CHECK_THAT(beside("(" + std::string(kMaxPickle, 'N') + "1N"), Contains("more than 16 MiB"));
  const std::string long_text(std::size_t{40} << 20, 'x');
  CHECK(beside(text(long_text)) == "accepted");
  CHECK(beside("\x8D" + test::little(std::uint64_t{long_text.size()}) + long_text) == "accepted");
  CHECK(beside("\x8E" + test::little(std::uint64_t{long_text.size()}) + long_text) == "accepted");
  // More than there is.
  for (const std::string code : {"\x8D", "\x8E", "\x96"}) {
    CHECK_THAT(beside(code + test::little(~std::uint64_t{0})), Contains("truncated"));
  }
  for (const std::string code : {"X", "B", "T", "\x8B"}) {
    CHECK_THAT(beside(code + test::little(~std::uint32_t{0})), Contains("truncated"));
  }
}

TEST_CASE("values that are nested in each other, or deep, end") {
  CHECK_THAT(refusal("}q\x01" + text("model") + "h\x01s"), Contains("dict of"));
  std::string deep = "N";
  for (int i = 0; i < 1000; ++i) deep = "}" + text("a") + deep + "s";
  CHECK_THAT(refusal(deep), Contains("dict of"));
  const auto by_key = [&](const ByteSource& file) {
    std::string key = "a";
    for (int i = 0; i < 1000; ++i) key += ".a";
    return parse_weights(file, key);
  };
  CHECK_THAT(test::refusal(by_key, with_pickle(pickle_of(deep))), Contains("dict of"));
  CHECK_THAT(test::refusal(by_key, with_pickle(pickle_of("}q\x01" + text("a") + "h\x01s"))),
             Contains("dict of"));
}
