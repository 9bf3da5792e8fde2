#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/weights/foreign_file.h>
#include <imgcls/weights/part.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/pth_formats.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace imgcls::weights {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";

bool has_at(const ByteSource& file, std::uint64_t offset, std::span<const std::byte> bytes) {
  return file.size() >= offset + bytes.size() &&
         std::ranges::equal(file.bytes(offset, bytes.size()), bytes);
}

bool has_at(const ByteSource& file, std::uint64_t offset, std::string_view text) {
  return has_at(file, offset, std::as_bytes(std::span(text)));
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

  bool has(std::string_view name) const { return entries_.contains(name); }
  bool has_folder(std::string_view name) const {
    const auto next = entries_.lower_bound(name);
    return next != entries_.end() && next->first.starts_with(name);
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
  std::map<std::string, Place, std::less<>> entries_;
};

/// What else PyTorch writes into ZIP files.
void refuse_programs(const ByteSource& file, const Archive& archive) {
  if (archive.has("constants.pkl") || archive.has_folder("code/")) {
    refuse_pth(file,
               "it is a TorchScript archive, a program; in Python: "
               "torch.save(torch.jit.load(FILE).state_dict(), NEW)");
  }
  if (archive.has("archive_format") || archive.has_folder("models/")) {
    refuse_pth(file,
               "it is a program of torch.export; in Python: "
               "torch.save(torch.export.load(FILE).state_dict, NEW)");
  }
  if (archive.has(".data/extern_modules")) {
    refuse_pth(file, "it is an archive of torch.package; save the model's state_dict() in Python");
  }
}

/// The name of the ZIP file's first entry.
std::string first_name(const ByteSource& file) {
  constexpr std::uint64_t kHeader = 30, kNameSize = 26;
  if (file.size() < kHeader) return "";
  const auto size = load_le<std::uint16_t>(file.bytes(kNameSize, 2));
  const auto name = file.bytes(kHeader, std::min<std::uint64_t>(size, file.size() - kHeader));
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

/// Other ZIP files are mostly compressed, so that `read_zip` would tell of that first.
void refuse_other_zip(const ByteSource& file) {
  const std::string name = first_name(file);
  if (name.ends_with(".npy")) {
    refuse_pth(file,
               "it is a NumPy archive (.npz); save a state dict by torch.save or safetensors");
  }
  if (name == "metadata.json" || name == "config.json" || name.ends_with(".h5")) {
    refuse_pth(file, "it is a Keras archive; convert it to PyTorch's names in Python");
  }
  if (name.find('/') == std::string::npos || name.ends_with(".pth") || name.ends_with(".pt") ||
      name.ends_with(".safetensors") || name.ends_with('/')) {
    refuse_pth(file,
               fmt::format("it is a ZIP file that torch.save did not write, of {}; unpack it, "
                           "and take the file in it",
                           in_quotes(name)));
  }
}

Listing parse_zip(const ByteSource& file, std::string_view key) {
  refuse_other_zip(file);
  const Archive archive(file);
  refuse_programs(file, archive);
  if (archive.is_big_endian()) {
    refuse_pth(file, "it is big-endian; load and save it in Python on a little-endian machine");
  }
  const Place& pickled = archive.at("data.pkl");
  ByteCursor cursor(file, pickled.offset, pickled.offset + pickled.size);
  const Pickle pickle = read_pickle(cursor, file.name());
  if (cursor.remaining() > 0) {
    refuse_pth(file, fmt::format("{} bytes follow the end of its pickle", cursor.remaining()));
  }
  return place(find_state_dict(pickle, file.name(), key), file, [&](const PickledStorage& storage) {
    const Place& found = archive.at("data/" + storage.key);
    if (found.size != storage.bytes) {
      refuse_pth(file, fmt::format("its data/{} has {} bytes, but {} are described", storage.key,
                                   found.size, storage.bytes));
    }
    return found;
  });
}

Listing parse(const ByteSource& file, std::string_view key) {
  if (has_at(file, 0, kZip)) return parse_zip(file, key);
  if (legacy_magic_size(file) > 0) return parse_legacy_pth(file, key);
  refuse_pth(file, "it is " + describe_foreign(file));
}

/// A file of many tensors that share memory would be as many times as large when it is written.
void check_totals(const Listing& listing, const ByteSource& file) {
  constexpr std::uint64_t kTimes = 64;  // layers that share their weights
  const std::uint64_t most = file.size() * kTimes;
  std::uint64_t bytes = 0, dimensions = 0;
  for (const StoredTensor& tensor : listing.tensors) {
    bytes += tensor.bytes();
    dimensions += tensor.shape.size();
    if (bytes > most || dimensions > file.size()) {
      refuse_pth(file, fmt::format("its tensors share so much that they would have more than {} "
                                   "times its size",
                                   kTimes));
    }
  }
}

}  // namespace

void refuse_pth(const ByteSource& file, std::string_view why) {
  throw WeightsError(fmt::format("{} is not a usable .pth file: {}", file.name(), why));
}

Listing place(const StateDict& state, const ByteSource& file,
              const std::function<Place(const PickledStorage&)>& find) {
  Listing listing{.storages = {}, .tensors = {}, .key = state.key, .others = state.others};
  std::map<std::size_t, std::size_t> numbers;  // of storages: in `state`, in `listing`
  for (StoredTensor tensor : state.tensors) {
    const auto [known, is_new] = numbers.emplace(tensor.storage, listing.storages.size());
    if (is_new) listing.storages.push_back(find(state.storages.at(tensor.storage)));
    tensor.storage = known->second;
    check(listing, tensor, file.name(), file.size());
    listing.tensors.push_back(std::move(tensor));
  }
  check_totals(listing, file);
  return listing;
}

Listing parse_pth(const ByteSource& file, std::string_view key) {
  try {
    return parse(file, key);
  } catch (const DataError& e) {  // of its ZIP container or its pickle
    throw WeightsError(e.what());
  }
}

bool looks_like_pth(const ByteSource& file) {
  return has_at(file, 0, kZip) || legacy_magic_size(file) > 0;
}

}  // namespace imgcls::weights
