#include "damage.h"
#include "pickles.h"

#include <imgcls/core/byte_source.h>
#include <imgcls/core/file.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/wrappers.h>

#include <paths.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>

using namespace imgcls;
using namespace imgcls::weights;
using namespace std::literals;
using Catch::Matchers::Contains;
using test::Bytes;
using test::dict;
using test::integer;
using test::pair_of;
using test::pickle_of;
using test::refusal;
using test::tensor;
using test::text;
using test::with_pickle;

namespace {

const std::string kFolder = IMGCLS_SOURCE_DIR "/tests/models/pth_reference/";

Bytes reference(const std::string& name) {
  return read_file(kFolder + name);
}

/// The pickle of a dict with one tensor: its name, and the tuples of its shape and strides.
std::string one_tensor(const std::string& offset, const std::string& shape,
                       const std::string& strides, const std::string& values = integer(6),
                       std::string_view class_name = "torch\nFloatStorage") {
  return pickle_of(
      dict({{"w", tensor(offset, shape, strides, test::storage(values, class_name))}}));
}

}  // namespace

TEST_CASE("what torch.save wrote is listed, in both formats") {
  for (const std::string name : {"types.pth", "types-legacy.pth"}) {
    const FileSource file(kFolder + name);
    const Listing listing = parse_weights(file);
    REQUIRE(listing.tensors.size() == 21);
    for (int i = 0; i < 21; ++i) {
      const StoredTensor& tensor = listing.tensors[static_cast<std::size_t>(i)];
      CHECK(tensor.type == static_cast<DType>(i));
      CHECK(tensor.name == "of." + std::string(info(tensor.type).name));
      CHECK(tensor.shape == std::vector<std::int64_t>{2, 3});
      const Place place = listing.place(tensor);
      CHECK(place.size == 6 * info(tensor.type).bytes);
      std::uint8_t expected = 11;
      for (const std::byte byte : file.bytes(place.offset, place.size)) {
        CHECK(byte ==
              static_cast<std::byte>(tensor.type == DType::boolean ? expected % 2 : expected));
        expected = static_cast<std::uint8_t>(expected + 37);
      }
    }
  }
}

TEST_CASE(
    "views share their storage, and wrappers' prefixes and a checkpoint's rest are left out") {
  const Listing views = parse_weights(FileSource(kFolder + "views.pth"));
  for (const std::string name : {"checkpoint.pth", "checkpoint-legacy.pth"}) {
    Listing listing = parse_weights(FileSource(kFolder + name));
    CHECK(listing.key == "state_dict");
    CHECK(listing.others.empty());
    take_off_wrappers(listing, name);
    REQUIRE(listing.tensors.size() == views.tensors.size());
    for (std::size_t i = 0; i < views.tensors.size(); ++i) {
      CHECK(listing.tensors[i] == views.tensors[i]);
    }
    CHECK(listing.storages.size() == 4);
  }
  const auto find = [&](std::string_view name) {
    return *std::ranges::find(views.tensors, name, &StoredTensor::name);
  };
  const StoredTensor slice = find("slice");
  CHECK(slice.storage == find("base").storage);
  CHECK(slice.offset == 13);
  CHECK(slice.strides == std::vector<std::int64_t>{4, 2});
  CHECK_FALSE(slice.is_contiguous());
  CHECK(views.place(slice).size == 4 * 11);
  CHECK(find("scalar").shape.empty());
  CHECK(views.place(find("empty")).size == 0);
  CHECK_FALSE(find("nhwc").is_contiguous());
}

TEST_CASE("the pickle for contiguous tensors is torch.save's to the last byte") {
  const FileSource file(kFolder + "types.pth");
  const Listing listing = parse_weights(file);
  const ZipEntry entry = read_zip(file).front();
  CHECK(entry.name == "types/data.pkl");
  CHECK(pth_pickle(listing.tensors) == file.bytes(entry.offset, entry.size));
}

TEST_CASE("pickles of Python 2 are read") {
  const Bytes bytes =
      with_pickle(pickle_of("ccollections\nOrderedDict\n](](U\x04name" + tensor() + "ee\x85R"));
  REQUIRE(refusal(bytes) == "accepted");
  CHECK(parse_weights(MemorySource(bytes, "py2")).tensors.at(0).name == "name");
  // Of a class of before Python's own object.
  CHECK(refusal(with_pickle(pickle_of(dict({{"state_dict", dict({{"w", tensor()}})},
                                            {"old", "(cold\nClass\nK\x01o}b"}})))) == "accepted");
}

TEST_CASE("a .pth that would call something is refused, and nothing is called") {
  const std::string_view evil =
      "\x80\x02"
      "cos\nsystem\nX\x04\0\0\0true\x85R."sv;
  CHECK_THAT(refusal(with_pickle(evil)), Contains("would call os.system"));
  CHECK_THAT(
      refusal(with_pickle("\x80\x02}" + text("w") + "cbuiltins\neval\n" + text("1") + "\x85Rs.")),
      Contains("would call builtins.eval"));
  CHECK_THAT(refusal(with_pickle("\x80\x02"
                                 "c__main__\nNet\n)\x81}b."sv)),
             Contains("would call __main__.Net") && Contains("saved whole"));
  // As an old file, and as no file of torch.save at all.
  Bytes legacy = reference("types-legacy.pth");
  legacy.resize(15);
  const auto bytes = std::as_bytes(std::span(evil));
  Bytes instead = legacy;
  instead.insert(instead.end(), bytes.begin(), bytes.end());
  CHECK_THAT(refusal(instead), Contains("protocol is not 1001"));
  const auto head = std::as_bytes(std::span("\x80\x02M\xE9\x03.\x80\x02}."sv));
  legacy.insert(legacy.end(), head.begin(), head.end());
  legacy.insert(legacy.end(), bytes.begin(), bytes.end());
  CHECK_THAT(refusal(legacy), Contains("would call os.system"));
  CHECK_THAT(refusal({bytes.begin(), bytes.end()}), Contains("torch.save did not write"));
  CHECK_THAT(refusal(with_pickle("\x80\x02"
                                 "i"sv)),
             Contains("0x69 at byte") && Contains("none of protocols 1 to 5"));
  CHECK_THAT(refusal(with_pickle(pickle_of("}", 6))), Contains("protocol is 6"));
}

TEST_CASE("tensors that do not fit their storages are refused") {
  const auto message = [](const std::string& pickle, std::size_t bytes = 24) {
    return refusal(with_pickle(pickle, bytes));
  };
  const std::string zero = integer(0), shape = pair_of(2, 3), strides = pair_of(3, 1);
  REQUIRE(message(one_tensor(zero, shape, strides)) == "accepted");
  CHECK_THAT(message(one_tensor(integer(1), shape, strides)),
             Contains("reaches out of its storage"));
  CHECK_THAT(message(one_tensor(zero, shape, pair_of(4, 1))), Contains("reaches out"));
  CHECK_THAT(message(one_tensor(zero, shape, pair_of(-3, 1))), Contains("impossible strides"));
  CHECK_THAT(message(one_tensor(zero, pair_of(-2, 3), strides)), Contains("impossible shape"));
  CHECK_THAT(message(one_tensor(zero, shape, integer(1) + "\x85")), Contains("impossible strides"));
  CHECK_THAT(message(one_tensor(integer(-1), shape, strides)), Contains("not described"));
  CHECK_THAT(message(one_tensor(zero, pair_of(1 << 30, 1 << 30), pair_of(0, 0))),
             Contains("more than the file"));
  CHECK_THAT(message(one_tensor(zero, pair_of(1 << 30, 3), pair_of(1 << 30, 1 << 30))),
             Contains("reaches out"));
  CHECK_THAT(message(one_tensor(zero, shape, strides), 28), Contains("28 bytes, but 24"));
  const std::string huge = "\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s;
  CHECK_THAT(message(one_tensor(zero, shape, strides, huge)), Contains("size is none"));
  CHECK_THAT(message(one_tensor(zero, shape, strides, integer(1 << 30))), Contains("4294967296"));
  CHECK_THAT(message(one_tensor(zero, shape, strides, integer(6), "torch\nSize")),
             Contains("of the class \"torch.Size\""));
  CHECK_THAT(message(one_tensor(zero, text("a"), strides)), Contains("not described"));
}

TEST_CASE("what holds no state dict is refused with what it holds") {
  CHECK_THAT(refusal(with_pickle("\x80\x02]."sv)), Contains("it is not a dict"));
  CHECK_THAT(refusal(with_pickle("\x80\x02}" + text("epoch") + "K\x01s.")),
             Contains("a dict of \"epoch\""));
  CHECK(refusal(with_pickle("\x80\x02}."sv)) == "accepted");
  const std::string one = pickle_of(dict({{"w", tensor()}})), item = text("w") + tensor();
  CHECK_THAT(refusal(with_pickle("\x80\x02}(" + item + item + "u.")),
             Contains("\"w\" is in it twice"));
  CHECK_THAT(refusal(zip_in_memory([](ZipWriter& zip) { zip.add("a/b", "c"); })),
             Contains("no data.pkl"));
  CHECK_THAT(refusal(with_pickle(one, 24, "big")), Contains("big-endian"));
  Bytes tar(1024);
  std::ranges::copy(std::as_bytes(std::span("ustar"sv)), tar.begin() + 257);
  CHECK_THAT(refusal(tar), Contains("tar format of before PyTorch 0.1.10"));
  // A tensor beside the state dict, such as a loss, is not a part of it.
  const Bytes beside =
      with_pickle(pickle_of(dict({{"model", dict({{"w", tensor()}})}, {"loss", tensor()}})));
  const Listing model = parse_pth(MemorySource(beside, "beside"));
  CHECK(model.tensors.size() == 1);
  CHECK(model.tensors.front().name == "w");
  // Nested deeply, and in itself.
  CHECK_THAT(
      refusal(with_pickle("\x80\x02" + std::string(100'000, ']') + std::string(99'999, 'a') + ".")),
      Contains("not a dict"));
  CHECK_THAT(refusal(with_pickle("\x80\x02}q\0"s + text("model") + "h\0s."s)), Contains("dict of"));
}

TEST_CASE("a compressed or damaged .pth is refused") {
  for (const std::string name : {"types.pth", "views.pth", "checkpoint.pth"}) {
    const Bytes good = reference(name);
    test::check_truncations(test::kAnyFormat, good, 97);
    CHECK(test::misread_flips(test::kPth, good, 1) == 0);
  }
  const Bytes legacy = reference("checkpoint-legacy.pth");
  test::check_truncations(test::kAnyFormat, legacy, 97);
  // That format has no check sums: flips in names and numbers may pass.
  CHECK(test::misread_flips(test::kPth, legacy, 1) < legacy.size());
}

TEST_CASE("ZIP files and entries of 4 GiB and more are written and read") {
  // Pages that are only read take no memory, and what is written is not kept but for its ends.
  constexpr std::uint64_t kLarge = (std::uint64_t{1} << 32) + 100;
  void* pages =
      ::mmap(nullptr, kLarge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  std::map<std::uint64_t, Bytes> pieces;  // all but the large one, by their places
  std::uint64_t size = 0;
  ZipWriter writer([&](std::span<const std::byte> bytes) {
    if (bytes.size() < kLarge) pieces.emplace(size, Bytes(bytes.begin(), bytes.end()));
    size += bytes.size();
  });
  writer.add("z/large", std::span(static_cast<const std::byte*>(pages), kLarge));
  writer.add("z/last", "end"sv);
  writer.finish();
  ::munmap(pages, kLarge);

  class Sparse final : public ByteSource {
   public:
    Sparse(const std::map<std::uint64_t, Bytes>& pieces, std::uint64_t size)
        : ByteSource("sparse", size), pieces_(pieces) {}
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
      std::ranges::fill(out, std::byte{0});
      for (const auto& [begin, bytes] : pieces_) {
        const std::uint64_t first = std::max(begin, offset);
        const std::uint64_t last = std::min(begin + bytes.size(), offset + out.size());
        for (std::uint64_t at = first; at < last; ++at) out[at - offset] = bytes[at - begin];
      }
    }

   private:
    const std::map<std::uint64_t, Bytes>& pieces_;
  };
  const Sparse file(pieces, size);
  const auto entries = read_zip(file);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].size == kLarge);
  CHECK(entries[1].offset > kLarge);
  CHECK(entries[1].offset % 64 == 0);
  CHECK(file.bytes(entries[1].offset, 3) == Bytes{std::byte{'e'}, std::byte{'n'}, std::byte{'d'}});
}
