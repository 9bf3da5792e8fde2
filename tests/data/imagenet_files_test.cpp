// The small files of ImageNet: meta.bin (a ZIP file with a pickle in it), and the devkit's meta.mat
// and labels. Good ones, as PyTorch and SciPy write them, and broken ones.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/prepare/imagenet/devkit.h>
#include <imgcls/prepare/imagenet/mat_file.h>
#include <imgcls/prepare/imagenet/meta_bin.h>

#include <catch2/catch.hpp>

#include <functional>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

const fs::path kReference = IMGCLS_SOURCE_DIR "/tests/data/imagenet_reference";
const std::string kLabels = "3\n1\n2\n4\n1\n1\n3\n";

/// What imagenet_reference.py wrote.
const ImageNetMeta kMeta = {
    {{"n01440764", {"tench", "Tinca tinca"}},
     {"n01443537", {"goldfish", "Carassius auratus"}},
     {"n02119789", {"kit fox", "Vulpes macrotis"}},
     {"n02100735", {"English setter"}}},
    {"n02119789", "n01440764", "n01443537", "n02100735", "n01440764", "n01440764", "n02119789"}};

/// What DataError `action` ends with; "accepted" where it does not. Other exceptions go through.
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& e) {
    return e.what();
  }
  return "accepted";
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

ImageNetMeta devkit_of(const Bytes& meta_mat, std::string_view labels = kLabels) {
  return read_devkit(meta_mat, "meta.mat", labels, "labels.txt");
}

/// Reads every truncation at a multiple of `step`, and the file with each bit of every
/// `step`th byte flipped: an error, or, where the bit has no meaning, the same value.
template <class Read>
void check_damage(const Bytes& good, std::size_t step, const Read& read) {
  const auto value = read(good);
  std::size_t refused = 0, same = 0;
  const auto check = [&](const Bytes& bad) {
    try {
      if (read(bad) == value) {
        ++same;
      } else {
        FAIL("another value was read");
      }
    } catch (const DataError&) {
      ++refused;
    }
  };
  for (std::size_t size = 0; size < good.size(); size += step) {
    INFO("truncated to " << size);
    check({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK(same == 0);
  }
  for (std::size_t at = 0; at < good.size(); at += step) {
    for (int bit = 0; bit < 8; ++bit) {
      INFO("bit " << bit << " of byte " << at);
      Bytes bad = good;
      bad[at] ^= std::byte{1} << bit;
      check(bad);
    }
  }
  CHECK(refused > same);
}

}  // namespace

TEST_CASE("a meta.bin that PyTorch wrote is read") {
  CHECK(read_meta_bin(read_file(kReference / "meta.bin"), "meta.bin") == kMeta);
}

TEST_CASE("a meta.bin is read as it was written, and its pickle is PyTorch's") {
  const Bytes written = write_meta_bin(kMeta);
  CHECK(read_meta_bin(written, "written") == kMeta);
  const auto pickle_in = [](std::span<const std::byte> file) {
    const MemorySource source(file, "file");
    const ZipEntry entry = read_zip(source).front();
    CHECK_THAT(entry.name, Contains("/data.pkl"));
    return source.bytes(entry.offset, entry.size);
  };
  CHECK(pickle_in(written) == pickle_in(read_file(kReference / "meta.bin")));
}

TEST_CASE("a meta.bin of ImageNet's size is read as it was written") {
  ImageNetMeta meta;
  for (int i = 0; i < 1000; ++i) {
    meta.classes.push_back({fmt::format("n{:08}", 7 * i), {}});
    for (int k = 0; k <= i % 5; ++k) {
      meta.classes.back().names.push_back(fmt::format("name {}", i / 3));
    }
  }
  for (int i = 0; i < 50'000; ++i) {
    meta.val_wnids.push_back(meta.classes[static_cast<std::size_t>(i * 31 % 1000)].wnid);
  }
  CHECK(read_meta_bin(write_meta_bin(meta), "written") == meta);
}

TEST_CASE("a damaged meta.bin is refused") {
  const auto read = [](const Bytes& file) { return read_meta_bin(file, "meta.bin"); };
  check_damage(read_file(kReference / "meta.bin"), 1, read);
  check_damage(write_meta_bin(kMeta), 97, read);
}

TEST_CASE("what is wrong with a meta.bin is said") {
  const auto message = [](std::string_view pickle) {
    const Bytes file = zip_in_memory([&](ZipWriter& zip) { zip.add("archive/data.pkl", pickle); });
    return refusal([&] { read_meta_bin(file, "meta.bin"); });
  };
  using namespace std::string_view_literals;
  CHECK(message("\x80\x02}](\x86."sv) ==
        "meta.bin is not a usable pickle: it takes more values "
        "than there are");
  CHECK(message("\x80\x02}]\x86."sv) == "accepted");
  CHECK_THAT(message("\x80\x02]}\x86."sv), Contains("classes should be a dict"));
  CHECK_THAT(message("\x80\x02}]]\x87."sv), Contains("tuple of classes and validation labels"));
  CHECK_THAT(message("\x80\x02}]\x86"sv), Contains("truncated"));
  CHECK_THAT(message("\x80\x02}]\x86.."sv), Contains("1 bytes follow"));
  CHECK_THAT(message("\x80\x06}]\x86."sv), Contains("protocol is 6"));
  CHECK_THAT(message("\x80\x02"
                     "cos\nsystem\nX\x04\0\0\0true\x85R."sv),
             Contains("would call os.system") && Contains("nothing is run"));
  CHECK_THAT(message("\x80\x02h\x05."sv), Contains("value 5"));
  CHECK_THAT(message("\x80\x02}(X\x01\0\0\0xu]\x86."sv), Contains("key without a value"));
  CHECK_THAT(message("\x80\x02]}a}]\x86."sv), Contains("leaves 2 values"));
  CHECK_THAT(message("\x80\x02X\xFF\xFF\xFF\xFFx."sv), Contains("truncated"));
  CHECK_THAT(message("\x80\x02}X\x05\0\0\0house)s]\x86."sv), Contains("'house' is not a wnid"));
  CHECK_THAT(message("\x80\x02}X\x09\0\0\0n00000001q\0)s]X\x09\0\0\0n00000002a\x86."sv),
             Contains("validation image 1") && Contains("n00000002"));
  CHECK_THAT(message("\x80\x02}X\x09\0\0\0n00000001q\0)sh\0)s]\x86."sv), Contains("twice"));
  // A list in itself.
  CHECK_THAT(message("\x80\x02}]q\0h\0a\x86."sv), Contains("should be a text"));
  CHECK_THAT(refusal([] { read_meta_bin({}, "meta.bin"); }), Contains("0 bytes"));
  CHECK_THAT(refusal([] { read_meta_bin(zip_in_memory([](ZipWriter&) {}), "meta.bin"); }),
             Contains("holds no data.pkl"));
}

TEST_CASE("values nested deep in a pickle are read, and not written again") {
  const std::string deep = "\x80\x02" + std::string(100'000, ']') + std::string(99'999, 'a') + ".";
  const Pickle pickle = read_pickle(bytes_of(deep), "deep");
  CHECK(pickle.size() == 100'000);
  CHECK_THROWS_AS(write_pickle(pickle), DataError);
}

TEST_CASE("ZIP files that PyTorch does not write are refused") {
  const Bytes good = zip_in_memory([](ZipWriter& zip) {
    zip.add("a", "hello");
    zip.add("b", "");
  });
  const auto entries = read_zip(MemorySource(good, "good"));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].offset % 64 == 0);
  const auto with = [&](std::size_t at, int value) {
    Bytes bad = good;
    bad.at(at) = static_cast<std::byte>(value);
    return refusal([&] { read_zip(MemorySource(bad, "bad")); });
  };
  const std::size_t end = good.size() - 22;
  const std::size_t directory = end - 2 * 47;
  CHECK_THAT(with(directory + 8, 1), Contains("'a' is encrypted"));
  CHECK_THAT(with(directory + 10, 8), Contains("'a' is compressed"));
  CHECK_THAT(with(directory + 16, 0), Contains("'a'") && Contains("contradicts"));
  CHECK_THAT(with(64, 'j'), Contains("'a' is damaged"));
  CHECK_THAT(with(30, 'z'), Contains("another name"));
  CHECK_THAT(with(directory + 46, 'b'), Contains("another name"));
  CHECK_THAT(with(directory + 47 + 46, 'a'), Contains("'a' twice"));
  CHECK_THAT(with(directory + 42, 1), Contains("no header of 'a' at byte 1"));
  CHECK_THAT(with(end + 10, 3), Contains("several disks"));
  CHECK_THAT(with(end + 12, 46), Contains("directory"));
  CHECK_THAT(with(end + 19, 1), Contains("not inside the file"));
  CHECK_THAT(with(end, 0), Contains("record at its end"));
}

TEST_CASE("a devkit's meta.mat is read, plain and compressed") {
  for (const char* name : {"meta-plain.mat", "meta-compressed.mat"}) {
    CHECK(devkit_of(read_file(kReference / name)) == kMeta);
  }
  CHECK(devkit_of(read_file(kReference / "meta-plain.mat"), "3\r\n1").val_wnids ==
        std::vector<std::string>{"n02119789", "n01440764"});
  const MatStructs synsets =
      read_mat_structs(read_file(kReference / "meta-plain.mat"), "synsets", "meta.mat");
  CHECK(synsets.size() == 6);
  CHECK(synsets.fields[5] == "children");
  CHECK(std::get<std::string>(synsets.values[3 * 8 + 3]) == "a dog \xE2\x80\x93 with spots");
  CHECK(std::get<std::vector<double>>(synsets.values[4 * 8 + 5]) == std::vector<double>{4, 3});
}

TEST_CASE("a damaged meta.mat is refused") {
  check_damage(read_file(kReference / "meta-compressed.mat"), 1,
               [](const Bytes& file) { return devkit_of(file); });
}

TEST_CASE("damage to a meta.mat without check sums is an error or a value, at every bit") {
  const Bytes good = read_file(kReference / "meta-plain.mat");
  std::size_t refused = 0;
  const auto count = [&](const Bytes& bad) {
    if (refusal([&] { devkit_of(bad); }) != "accepted") ++refused;
  };
  for (std::size_t size = 0; size < good.size(); ++size) {
    count({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  CHECK(refused == good.size());
  for (std::size_t at = 0; at < good.size() * 8; ++at) {
    Bytes bad = good;
    bad[at / 8] ^= std::byte{1} << (at % 8);
    count(bad);
  }
  CHECK(refused > 2 * good.size());
}

TEST_CASE("what is wrong with a devkit is said") {
  const Bytes good = read_file(kReference / "meta-plain.mat");
  const auto with = [&](std::size_t at, std::string_view text) {
    Bytes bad = good;
    const Bytes put = bytes_of(text);
    std::copy(put.begin(), put.end(), bad.begin() + static_cast<std::ptrdiff_t>(at));
    return refusal([&] { devkit_of(bad); });
  };
  const auto find = [&](std::string_view text) {
    const std::string_view all(reinterpret_cast<const char*>(good.data()), good.size());
    REQUIRE(all.find(text) != std::string_view::npos);
    return all.find(text);
  };
  using namespace std::string_view_literals;
  CHECK_THAT(with(0, "MATLAB 7.3"), Contains("version 7.3"));
  CHECK_THAT(with(126, "MI"), Contains("big-endian"));
  CHECK_THAT(with(124, "\0\2"sv), Contains("not that of version 5"));
  CHECK_THAT(with(find("synsets"), "Synsets"), Contains("no variable 'synsets'"));
  CHECK_THAT(with(find("num_children"), "num_childrem"),
             Contains("no field num_children") && Contains("num_childrem"));
  CHECK_THAT(with(find("n01440764"), "m01440764"), Contains("WNID of synset 1 is 'm01440764'"));
  CHECK_THAT(with(find("n01443537"), "n01440764"), Contains("WNID of synset 2 is n01440764 again"));
  CHECK_THAT(refusal([&] { devkit_of(bytes_of("no MAT-file")); }), Contains("11 bytes"));
  CHECK_THAT(refusal([&] { devkit_of(good, "1\n5\n"); }),
             Contains("labels.txt, line 2: '5' is not the ILSVRC2012_ID of a class"));
  CHECK_THAT(refusal([&] { devkit_of(good, "1\n\n2\n"); }), Contains("line 2: ''"));
  CHECK_THAT(refusal([&] { devkit_of(good, "1 \n"); }), Contains("line 1: '1 '"));
  CHECK_THAT(refusal([&] { devkit_of(good, "99999999999999999999\n"); }), Contains("line 1"));
  CHECK_THAT(refusal([&] { devkit_of(good, ""); }), Contains("labels.txt is empty"));
}
