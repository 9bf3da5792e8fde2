// Files that hold no weights, and how a format is recognized.
#include "damage.h"
#include "pickles.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/safetensors.h>

using namespace imgcls;
using namespace imgcls::weights;
using namespace std::literals;
using Catch::Matchers::Contains;
using test::Bytes;

namespace {

std::string refusal(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return test::refusal(test::Bytes(bytes.begin(), bytes.end()));
}

std::string refusal_of_zip(const std::vector<std::string>& names) {
  const Bytes bytes = zip_in_memory([&](ZipWriter& zip) {
    for (const std::string& name : names) zip.add(name, "content");
  });
  return refusal({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("files that hold no weights are named for what they are, with the remedy") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> files{
      {"", {"empty", "again"}},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n",
       {"LFS", "git lfs pull"}},
      {"<!DOCTYPE html><title>Log in</title>", {"web page", "download"}},
      {"\xEF\xBB\xBF\r\n  <HTML lang=en>", {"web page"}},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", {"text", "<?xml version"}},
      {"404: Not Found\nmore", {"text", "\"404: Not Found\"", "download"}},
      {R"({"metadata": {}, "weight_map": {"a": "b"}})", {"index", "join"}},
      {R"({"epoch": 3})", {"text"}},
      {"\x1F\x8B\x08\0more"s, {"gzip", "gunzip"}},
      {"BZh91AY", {"bzip2"}},
      {"\xFD"s + "7zXZ\0more"s, {"by xz"}},
      {"\x28\xB5\x2F\xFDmore", {"zstd"}},
      {"7z\xBC\xAF\x27\x1Cmore", {"7z archive"}},
      {"\x89HDF\r\n\x1A\nmore", {"HDF5", "Keras"}},
      {"\x93NUMPY\x01", {"NumPy array"}},
      {"\x08\x08\x12\x07pytorch", {"ONNX", "exported from"}},
      {"\x08\x0A\x3A\x99\x01", {"ONNX"}},
      {"\x08\x01\x12\x99\x01", {"TensorFlow SavedModel"}},
      {"\x89PNG\r\n\x1A\nmore", {"PNG image"}},
      {std::string(4096, '\0'), {"zeros", "did not end"}},
      {"\x80\x04\x95"s + std::string(8, '\0') + "}.", {"torch.save did not write"}},
      {std::string(100, '\xAA'), {"no format that is known", "safetensors"}},
  };
  for (const auto& [content, words] : files) {
    const std::string said = refusal(content);
    CHECK_THAT(said, Contains("the file holds no weights: it is "));
    for (const std::string& word : words) CHECK_THAT(said, Contains(word));
  }
}

TEST_CASE("ZIP files that hold something else are named for what they are") {
  CHECK_THAT(refusal_of_zip({"net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"}),
             Contains("TorchScript") && Contains("torch.jit.load"));
  CHECK_THAT(refusal_of_zip({"arr_0.npy"}), Contains("NumPy archive"));
  CHECK_THAT(refusal_of_zip({"metadata.json", "model.weights.h5"}), Contains("Keras"));
  CHECK_THAT(refusal_of_zip({"net/archive_format", "net/models/model.json"}),
             Contains("torch.export"));
  CHECK_THAT(refusal_of_zip({"resnet18.pth"}), Contains("unpack it") && Contains("resnet18.pth"));
  CHECK_THAT(refusal_of_zip({"folder/"}), Contains("unpack it"));
}

TEST_CASE("a file that was cut off says so") {
  const Bytes pth = test::with_pickle(test::pickle_of(test::state_dict({"w"})));
  const std::string_view text(reinterpret_cast<const char*>(pth.data()), pth.size());
  CHECK_THAT(refusal(text.substr(0, text.size() / 2)), Contains("cut off") && Contains("again"));
  const std::vector<StoredTensor> one{{.name = "w", .type = DType::uint8, .shape = {8}}};
  const std::string whole = safetensors_head(one) + "12345678";
  REQUIRE(refusal(whole) == "accepted");
  CHECK_THAT(refusal(whole.substr(0, whole.size() - 1)), Contains("cut off"));
  CHECK_THAT(refusal(whole.substr(0, 20)), Contains("cut off"));
}

TEST_CASE("a safetensors file is one whatever its length's bytes are") {
  const std::string entry = R"({"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  const auto file = [&](std::size_t length) {
    return test::little(std::uint64_t{length}) + entry +
           std::string(length - entry.size() - 1, ' ') + "}xy";
  };
  // Every lowest byte, with several above it; and lengths that begin as a pickle, a gzip file and
  // others do.
  for (std::size_t length = 256; length < 256 + 1024; ++length) {
    INFO(length);
    REQUIRE(refusal(file(length)) == "accepted");
  }
  for (const std::size_t length : {0x0280, 0x0380, 0x0480, 0x0580, 0x8B1F, 0x4B50}) {
    CHECK(refusal(file(static_cast<std::size_t>(length))) == "accepted");
  }
  // A name that looks like a tar file's mark, where that has it.
  const std::string name = std::string(257 - 10, 'a') + "ustar";
  const std::vector<StoredTensor> one{{.name = name, .type = DType::uint8, .shape = {1}}};
  const std::string ustar = safetensors_head(one) + "x";
  REQUIRE(ustar.substr(257, 5) == "ustar");
  CHECK(refusal(ustar) == "accepted");
}
