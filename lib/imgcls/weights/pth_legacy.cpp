// The .pth of before PyTorch 1.6: the pickles of a magic number, a protocol's number, facts about
// the machine, the state dict and the keys of its storages; then, for each key, a count of values
// as 8 bytes and the values.
#include <imgcls/core/little_endian.h>
#include <imgcls/weights/part.h>
#include <imgcls/weights/pth_formats.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace imgcls::weights {
namespace {

using Kind = Pickle::Kind;

/// The magic number's pickle, behind its protocol: a number of 10 bytes, and the end.
constexpr std::array<unsigned char, 13> kMagic{0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9,
                                               0x20, 0x6A, 0xA8, 0x50, 0x19, '.'};
constexpr std::int64_t kProtocol = 1001;

class LegacyParser {
 public:
  explicit LegacyParser(const ByteSource& file)
      : file_(file), cursor_(file, legacy_magic_size(file), file.size()) {}

  Listing parse(std::string_view key) {
    const Pickle protocol = next();
    if (const auto& number = protocol.at(protocol.root);
        number.kind != Kind::integer || number.integer != kProtocol) {
      refuse_pth(file_, fmt::format("its protocol is not {}", kProtocol));
    }
    refuse_big_endian(next());
    const StateDict state = find_state_dict(next(), file_.name(), key);
    const auto places = find_storages(state, next());
    return place(state, file_, [&](const PickledStorage& storage) {
      const auto found = places.find(storage.key);
      if (found == places.end()) {
        refuse_pth(file_, fmt::format("it holds no storage {}", storage.key));
      }
      return found->second;
    });
  }

 private:
  Pickle next() { return read_pickle(cursor_, file_.name()); }

  void refuse_big_endian(const Pickle& facts) const {
    const auto& items = facts.at(facts.root).items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto& value = facts.at(items[i + 1]);
      if (facts.at(items[i]).text == "little_endian" && value.kind == Kind::boolean &&
          value.integer == 0) {
        refuse_pth(file_,
                   "it is big-endian; load and save it in Python on a little-endian machine");
      }
    }
  }

  /// Where the storages of these keys are, which follow the last pickle.
  std::map<std::string, Place> find_storages(const StateDict& state, const Pickle& keys) const {
    std::map<std::string, const PickledStorage*> described;
    for (const PickledStorage& storage : state.storages) described.emplace(storage.key, &storage);
    std::map<std::string, Place> places;
    std::uint64_t at = cursor_.position();
    for (const std::uint32_t number : keys.at(keys.root).items) {
      const std::string& key = keys.at(number).text;
      const auto storage = described.find(key);
      if (storage == described.end()) {
        refuse_pth(file_, fmt::format("it holds a storage {} that is not described as PyTorch does",
                                      in_quotes(key)));
      }
      const Place place = find_storage(at, *storage->second);
      if (!places.emplace(key, place).second) {
        refuse_pth(file_, fmt::format("it holds storage {} twice", key));
      }
      at = place.offset + place.size;
    }
    if (at != file_.size()) {
      refuse_pth(file_, fmt::format("{} bytes follow its storages", file_.size() - at));
    }
    return places;
  }

  Place find_storage(std::uint64_t at, const PickledStorage& storage) const {
    constexpr std::uint64_t kCount = sizeof(std::uint64_t);
    if (file_.size() - at < kCount || file_.size() - at - kCount < storage.bytes) {
      refuse_pth(file_, fmt::format("its storage {} of {} bytes at byte {} is cut off", storage.key,
                                    storage.bytes, at));
    }
    const auto values = load_le<std::uint64_t>(file_.bytes(at, kCount));
    if (values != storage.bytes / storage.width) {
      refuse_pth(file_, fmt::format("its storage {} has {} values, but {} are described",
                                    storage.key, values, storage.bytes / storage.width));
    }
    return {at + kCount, storage.bytes};
  }

  const ByteSource& file_;
  ByteCursor cursor_;
};

}  // namespace

std::uint64_t legacy_magic_size(const ByteSource& file) {
  constexpr std::uint64_t kHead = 2, kFrame = 9;  // the protocol; since protocol 4 a frame's length
  const auto wanted = std::as_bytes(std::span(kMagic));
  for (const std::uint64_t begin : {kHead, kHead + kFrame}) {
    const std::uint64_t end = begin + kMagic.size();
    if (file.size() < end || file.bytes(0, 1)[0] != std::byte{0x80}) return 0;
    if (std::ranges::equal(file.bytes(begin, kMagic.size()), wanted)) return end;
  }
  return 0;
}

Listing parse_legacy_pth(const ByteSource& file, std::string_view key) {
  return LegacyParser(file).parse(key);
}

}  // namespace imgcls::weights
