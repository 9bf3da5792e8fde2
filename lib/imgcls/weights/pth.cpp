#include <imgcls/core/error.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/pth_formats.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

namespace imgcls::weights {
namespace {

constexpr std::string_view kZip = "PK\x03\x04", kTar = "ustar";
constexpr std::uint64_t kTarMagic = 257;  // where it stands in a tar file

bool has_at(const ByteSource& file, std::uint64_t offset, std::span<const std::byte> bytes) {
  return file.size() >= offset + bytes.size() &&
         std::ranges::equal(file.bytes(offset, bytes.size()), bytes);
}

bool has_at(const ByteSource& file, std::uint64_t offset, std::string_view text) {
  return has_at(file, offset, std::as_bytes(std::span(text)));
}

/// Any pickle of protocol 2 to 5 begins with that and the protocol.
bool begins_as_pickle(const ByteSource& file) {
  return has_at(file, 0, "\x80");
}

/// The entries of a ZIP file by the names that they have in its one folder.
class Archive {
 public:
  explicit Archive(const ByteSource& file) : file_(file) {
    for (ZipEntry& entry : read_zip(file)) {
      const std::size_t slash = entry.name.find('/');
      if (slash == std::string::npos) continue;
      entries_.emplace(entry.name.substr(slash + 1), Place{entry.offset, entry.size});
    }
  }

  const Place& at(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) refuse_pth(file_, fmt::format("it holds no {}", name));
    return found->second;
  }

  bool is_big_endian() const {
    const auto found = entries_.find("byteorder");  // absent from older files
    return found != entries_.end() && has_at(file_, found->second.offset, "big");
  }

 private:
  const ByteSource& file_;
  std::map<std::string, Place> entries_;
};

Listing parse_zip(const ByteSource& file) {
  const Archive archive(file);
  if (archive.is_big_endian()) {
    refuse_pth(file, "it is big-endian; load and save it in Python on a little-endian machine");
  }
  const Place& pickled = archive.at("data.pkl");
  if (pickled.size > kMaxPickle) {
    refuse_pth(file, fmt::format("its data.pkl has {} bytes; expected at most {}", pickled.size,
                                 kMaxPickle));
  }
  const Pickle pickle =
      read_pickle(file.bytes(pickled.offset, pickled.size), file.name(), state_dict_names());
  return place(find_state_dict(pickle, file.name()), file, [&](const PickledStorage& storage) {
    const Place& found = archive.at("data/" + storage.key);
    if (found.size != storage.bytes) {
      refuse_pth(file, fmt::format("its data/{} has {} bytes, but {} are described", storage.key,
                                   found.size, storage.bytes));
    }
    return found;
  });
}

Listing parse(const ByteSource& file) {
  if (has_at(file, 0, kZip)) return parse_zip(file);
  if (has_at(file, 0, legacy_magic())) return parse_legacy_pth(file);
  if (has_at(file, kTarMagic, kTar)) {
    refuse_pth(file,
               "it is of the tar format of before PyTorch 0.1.10; load and save it in Python");
  }
  if (begins_as_pickle(file)) {
    refuse_pth(file, "it is a pickle that torch.save did not write; nothing in it is run");
  }
  refuse_pth(file, "it begins as no file of torch.save does");
}

}  // namespace

void refuse_pth(const ByteSource& file, std::string_view why) {
  throw WeightsError(fmt::format("{} is no usable .pth file: {}", file.name(), why));
}

Listing place(const StateDict& state, const ByteSource& file,
              const std::function<Place(const PickledStorage&)>& find) {
  Listing listing;
  std::map<std::size_t, std::size_t> numbers;  // of storages: in `state`, in `listing`
  for (StoredTensor tensor : state.tensors) {
    const auto [known, is_new] = numbers.emplace(tensor.storage, listing.storages.size());
    if (is_new) listing.storages.push_back(find(state.storages.at(tensor.storage)));
    tensor.storage = known->second;
    check(listing, tensor, file.name(), file.size());
    listing.tensors.push_back(std::move(tensor));
  }
  return listing;
}

Listing parse_pth(const ByteSource& file) {
  try {
    return parse(file);
  } catch (const DataError& e) {  // of its ZIP container or its pickle
    throw WeightsError(e.what());
  }
}

bool looks_like_pth(const ByteSource& file) {
  return has_at(file, 0, kZip) || has_at(file, kTarMagic, kTar) || begins_as_pickle(file);
}

}  // namespace imgcls::weights
