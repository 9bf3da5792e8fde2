#include "damage.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/core/file.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/safetensors.h>

#include <paths.h>

using namespace imgcls;
using namespace imgcls::weights;
using Catch::Matchers::Contains;
using test::Bytes;

namespace {

const std::string kReference = IMGCLS_SOURCE_DIR "/tests/models/pth_reference/types.safetensors";

Bytes file_with(std::string_view header, std::size_t data_bytes) {
  Bytes bytes;
  append_le<std::uint64_t>(bytes, header.size());
  const auto text = std::as_bytes(std::span(header));
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.resize(bytes.size() + data_bytes);
  return bytes;
}

}  // namespace

TEST_CASE("what safetensors wrote is listed") {
  const FileSource file(kReference);
  const Listing listing = parse_weights(file);
  CHECK(listing.tensors.size() == 19);
  std::uint64_t values = 0;
  for (const StoredTensor& tensor : listing.tensors) {
    CHECK(tensor.name == "of." + std::string(info(tensor.type).name));
    CHECK(tensor.shape == std::vector<std::int64_t>{2, 3});
    CHECK(tensor.is_contiguous());
    values += tensor.bytes();
  }
  CHECK(listing.storages.back().offset + listing.storages.back().size == file.size());
  const std::string head = safetensors_head(listing.tensors);
  CHECK(head.size() % 8 == 0);
  Bytes again(head.size() + values);
  std::ranges::copy(std::as_bytes(std::span(head)), again.begin());
  CHECK(parse_safetensors(MemorySource(again, "again")).tensors.size() == 19);
}

TEST_CASE("headers that claim too much, or nest too deeply, are refused") {
  const auto refusal = [](const Bytes& bytes) { return test::refusal(parse_safetensors, bytes); };
  Bytes huge;
  append_le(huge, std::uint64_t{1} << 63);
  huge.resize(100);
  CHECK_THAT(refusal(huge), Contains("claims 9223372036854775808 bytes"));
  CHECK_THAT(refusal(file_with(std::string(1'000'000, '['), 0)), Contains("not a JSON object"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK_THAT(refusal(file_with("{\"a\":" + deep + "}", 0)), Contains("nested too deeply"));
  CHECK_THAT(refusal(file_with(R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4)),
             Contains("nested too deeply") || Contains("lacks a valid dtype"));
  std::string shape = "1";
  for (int i = 0; i < 64; ++i) shape += ",1";
  CHECK_THAT(refusal(file_with(
                 R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})", 1)),
             Contains("65 dimensions"));
  CHECK_THAT(refusal(file_with(R"({"a":{"dtype":"U8","shape":[0,4611686018427387904,4],)"
                               R"("data_offsets":[0,0]}})",
                               0)),
             Contains("impossible shape"));
  CHECK_THAT(refusal(file_with(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}})", 0)),
             !Contains("accepted"));
}

TEST_CASE("a damaged safetensors file is refused, or only values and names are others") {
  const Bytes good = read_file(kReference);
  test::check_truncations(test::kAnyFormat, good, 97);
  test::check_truncations(parse_safetensors, good, 1);
  // Without check sums, flips in names and types may pass.
  CHECK(test::misread_flips(parse_safetensors, good, 1) < good.size());
}
