#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/models/safetensors.h>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace imgcls;
using Catch::Matchers::Contains;

namespace {

/// A file with the header and that many bytes of data.
std::filesystem::path file_with(const test::TempFolder& folder, const std::string& header,
                                std::size_t data_bytes) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  write_synced(folder / "file.safetensors", bytes);
  return folder / "file.safetensors";
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

}  // namespace

TEST_CASE("tensors come back as they were written, whatever their layout and type") {
  const test::TempFolder folder;
  const at::Tensor matrix =
      at::arange(24, at::TensorOptions().dtype(at::kFloat)).reshape({2, 3, 2, 2});
  const std::vector<models::NamedTensor> written{
      {"channels_last", matrix.contiguous(at::MemoryFormat::ChannelsLast)},
      {"transposed", matrix.transpose(0, 1)},
      {"long", at::arange(5)},
      {"scalar", at::arange(1).squeeze()},
      {"empty", at::empty({0, 3})},
      {"half", matrix.to(at::kHalf)},
      {"bfloat16", matrix.to(at::kBFloat16)},
      {"bool", matrix.to(at::kBool)},
  };
  models::write_safetensors(folder / "w.safetensors", written);
  const auto read = models::read_safetensors(folder / "w.safetensors");
  REQUIRE(read.size() == written.size());
  for (const models::NamedTensor& item : written) {
    const auto found = std::find_if(read.begin(), read.end(),
                                    [&](const auto& other) { return other.name == item.name; });
    REQUIRE(found != read.end());
    CHECK(found->tensor.scalar_type() == item.tensor.scalar_type());
    CHECK(found->tensor.equal(item.tensor));
  }
}

TEST_CASE("a broken safetensors file is refused with the reason") {
  const test::TempFolder folder;
  const auto refused = [&](const std::string& header, std::size_t bytes, const std::string& why) {
    CHECK_THROWS_WITH(models::read_safetensors(file_with(folder, header, bytes)),
                      Contains("file.safetensors") && Contains(why));
  };
  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  CHECK(models::read_safetensors(file_with(folder, "{" + good + "}", 8)).size() == 1);
  refused("{" + good + "}", 7, "take 8 bytes, but 7 follow");
  refused("{" + good + "}", 9, "take 8 bytes, but 9 follow");
  refused("{" + good + "," + good + "}", 8, "\"a\" is in it twice");
  refused("{" + entry("a", "F31", "[2]", "[0,8]") + "}", 8, "unknown dtype F31");
  refused("{" + entry("a", "F32", "[3]", "[0,8]") + "}", 8, "do not fit its shape");
  refused("{" + entry("a", "F32", "[2]", "[8,0]") + "}", 8, "\"a\"");
  refused("{" + entry("a", "F32", "[-2]", "[0,8]") + "}", 8, "impossible shape");
  refused("{" + entry("a", "F32", "[4611686018427387904,4]", "[0,0]") + "}", 0, "impossible shape");
  refused("{" + good + "," + entry("b", "F32", "[1]", "[4,8]") + "}", 8, "a hole or an overlap");
  refused("{" + good + "," + entry("b", "F32", "[1]", "[12,16]") + "}", 16, "a hole or an overlap");
  refused("[]", 0, "not a JSON object");
  refused("{\"a\"", 0, "not a JSON object");
}

TEST_CASE("a header that claims more than the file is refused before memory is taken") {
  const test::TempFolder folder;
  std::vector<std::byte> bytes(16, std::byte{0xff});
  write_synced(folder / "f", bytes);
  CHECK_THROWS_WITH(models::read_safetensors(folder / "f"), Contains("its header claims"));
  write_synced(folder / "f", std::span(bytes).first(5));
  CHECK_THROWS_WITH(models::read_safetensors(folder / "f"), Contains("shorter than 8 bytes"));
}
