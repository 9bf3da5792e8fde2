#include <imgcls/core/error.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/prepare/imagenet/meta_bin.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace imgcls::data {
namespace {

using Kind = Pickle::Kind;

class MetaReader {
 public:
  MetaReader(const Pickle& pickle, std::string_view name) : pickle_(pickle), name_(name) {}

  ImageNetMeta read() const {
    const auto& root = get(pickle_.root, Kind::tuple, "it should be a tuple");
    if (root.items.size() != 2) fail("it should be a tuple of classes and validation labels");
    const auto& classes = get(root.items[0], Kind::dict, "its classes should be a dict");
    const auto& labels = get(root.items[1], Kind::list, "its labels should be a list");
    ImageNetMeta meta;
    std::unordered_set<std::string_view> wnids;
    for (std::size_t i = 0; i < classes.items.size(); i += 2) {
      meta.classes.push_back({wnid(classes.items[i]), names(classes.items[i + 1])});
      if (!wnids.insert(pickle_.at(classes.items[i]).text).second) {
        fail(fmt::format("it has class {} twice", meta.classes.back().wnid));
      }
    }
    for (const std::uint32_t label : labels.items) {
      meta.val_wnids.push_back(wnid(label));
      if (!wnids.contains(pickle_.at(label).text)) {
        fail(fmt::format("validation image {} is of class {}, which it does not list",
                         meta.val_wnids.size(), meta.val_wnids.back()));
      }
    }
    return meta;
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw DataError(fmt::format("{} is not a usable meta.bin: {}", name_, reason));
  }

  const Pickle::Value& get(std::uint32_t number, Kind kind, std::string_view otherwise) const {
    const Pickle::Value& value = pickle_.at(number);
    if (value.kind == Kind::call) {
      fail(fmt::format("it would call {}, and nothing is run", pickle_.at(value.items[0]).text));
    }
    if (value.kind != kind) fail(otherwise);
    return value;
  }

  const std::string& wnid(std::uint32_t number) const {
    const std::string& text = get(number, Kind::text, "a class should be a text").text;
    if (!is_wnid(text)) fail(fmt::format("'{}' is not a wnid (n and 8 digits)", text));
    return text;
  }

  std::vector<std::string> names(std::uint32_t number) const {
    std::vector<std::string> names;
    for (const auto item : get(number, Kind::tuple, "a class's names should be a tuple").items) {
      names.push_back(get(item, Kind::text, "a class's name should be a text").text);
    }
    return names;
  }

  const Pickle& pickle_;
  std::string_view name_;
};

}  // namespace

bool is_wnid(std::string_view text) {
  return text.size() == 9 && text[0] == 'n' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

ImageNetMeta read_meta_bin(std::span<const std::byte> file, std::string_view name) {
  // PyTorch names the folder inside after the file it was first saved as.
  for (const ZipEntry& entry : read_zip(MemorySource(file, name))) {
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string::npos || entry.name.substr(slash) != "/data.pkl") continue;
    return MetaReader(read_pickle(file.subspan(entry.offset, entry.size), name), name).read();
  }
  throw DataError(fmt::format("{} is not a usable meta.bin: it holds no data.pkl", name));
}

std::vector<std::byte> write_meta_bin(const ImageNetMeta& meta) {
  Pickle pickle;
  std::unordered_map<std::string_view, std::uint32_t> wnids;
  const std::uint32_t classes = pickle.add(Kind::dict);
  for (const ImageNetClass& one : meta.classes) {
    const std::uint32_t wnid = wnids.emplace(one.wnid, pickle.add(one.wnid)).first->second;
    std::vector<std::uint32_t> names;
    for (const std::string& text : one.names) names.push_back(pickle.add(text));
    const std::uint32_t tuple = pickle.add(Kind::tuple, std::move(names));
    pickle.at(classes).items.insert(pickle.at(classes).items.end(), {wnid, tuple});
  }
  std::vector<std::uint32_t> labels;
  for (const std::string& wnid : meta.val_wnids) labels.push_back(wnids.at(wnid));
  pickle.root = pickle.add(Kind::tuple, {classes, pickle.add(Kind::list, std::move(labels))});

  return zip_in_memory([&](ZipWriter& zip) {
    zip.add("meta/data.pkl", write_pickle(pickle));
    zip.add("meta/byteorder", "little");
    zip.add("meta/version", "3\n");
  });
}

}  // namespace imgcls::data
