#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/parallel.h>
#include <imgcls/data/shard_listing.h>
#include <imgcls/data/tar.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxLabel = 10'000'000;
constexpr std::uint64_t kMaxText = std::uint64_t{1} << 20;  // of a .cls or .json

/// A sample as a tar file has it.
struct Listed {
  SampleRecord record;
  std::optional<std::int64_t> label;
  std::string class_name;
};

/// Members that belong together.
struct Group {
  const TarMember* image = nullptr;
  const TarMember* cls = nullptr;
  const TarMember* json = nullptr;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// A member's name up to the first dot behind the last slash.
std::string_view key_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return name.substr(0, name.find('.', slash == std::string_view::npos ? 0 : slash));
}

/// The samples of one tar file.
class TarSamples {
 public:
  TarSamples(const InputFile& file, bool wants_names) : file_(file), wants_names_(wants_names) {}

  std::vector<Listed> list() {
    const ReadAt read = [this](std::uint64_t at, std::span<std::byte> out) { file_.read(at, out); };
    const std::vector<TarMember> members = list_tar(read, file_.bytes(), file_.path().string());
    for (std::size_t i = 0; i < members.size();) {
      const std::string_view key = key_of(members[i].name);
      Group group;
      for (; i < members.size() && key_of(members[i].name) == key; ++i) add(group, members[i]);
      if (group.image) keep(group);
    }
    return std::move(samples_);
  }

 private:
  [[noreturn]] void fail(const TarMember& member, std::string_view reason) const {
    throw DataError(fmt::format("{}: {}: {}", file_.path().string(), member.name, reason));
  }

  void add(Group& group, const TarMember& member) const {
    const std::string extension =
        lower(std::string_view(member.name).substr(key_of(member.name).size()));
    if (extension == ".cls") group.cls = &member;
    if (extension == ".json") group.json = &member;
    if (!is_image_name(member.name)) return;
    if (group.image)
      fail(member, fmt::format("the sample has another image, {}", group.image->name));
    group.image = &member;
  }

  std::string read_text(const TarMember& member) const {
    if (member.bytes > kMaxText) {
      fail(member, fmt::format("it has {} bytes; at most {} are read", member.bytes, kMaxText));
    }
    std::string text(member.bytes, '\0');
    file_.read(member.offset, std::as_writable_bytes(std::span(text)));
    return text;
  }

  void keep(const Group& group) {
    Listed listed;
    listed.record.name = group.image->name;
    listed.record.offset = group.image->offset;
    listed.record.bytes = group.image->bytes;
    if (group.cls) listed.label = label_of(*group.cls);
    if (group.json && (wants_names_ || !listed.label)) note_json(*group.json, listed);
    if (listed.label && (*listed.label < 0 || *listed.label > kMaxLabel)) {
      fail(*group.image,
           fmt::format("its class is {}; expected 0 to {}", *listed.label, kMaxLabel));
    }
    samples_.push_back(std::move(listed));
  }

  std::int64_t label_of(const TarMember& member) const {
    const std::string text = read_text(member);
    const char* end = text.data() + text.size();
    std::int64_t label = -1;
    const auto [stop, error] = std::from_chars(text.data(), end, label);
    const bool clean = std::all_of(stop, end, [](unsigned char c) { return std::isspace(c) != 0; });
    if (error != std::errc() || !clean) {
      fail(member, fmt::format("'{}' is no class number", text.substr(0, 20)));
    }
    return label;
  }

  void note_json(const TarMember& member, Listed& listed) const {
    const auto json = nlohmann::json::parse(read_text(member), nullptr, false);
    if (json.is_discarded()) fail(member, "it is no JSON");
    if (!json.is_object()) return;
    if (const auto label = json.find("label");
        !listed.label && label != json.end() && label->is_number_integer()) {
      listed.label = label->get<std::int64_t>();
    }
    for (const char* key : {"class", "class_name", "wnid"}) {
      const auto name = json.find(key);
      if (name == json.end() || !name->is_string()) continue;
      listed.class_name = name->get<std::string>();
      return;
    }
  }

  const InputFile& file_;
  bool wants_names_;
  std::vector<Listed> samples_;
};

std::vector<fs::path> tar_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".tar") files.push_back(entry->path());
  }
  if (error) throw IoError(fmt::format("cannot list {}: {}", folder.string(), error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> classes_from_file(const fs::path& file) {
  std::vector<std::string> classes;
  const std::string text = read_text(file);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    classes.push_back(text.substr(at, end - at));
    if (classes.back().empty()) {
      throw DataError(fmt::format("{}: line {} is empty; expected the name of a class",
                                  file.string(), classes.size()));
    }
    at = end + 1;
  }
  return classes;
}

/// Gives all samples a number by their classes' names.
std::vector<std::string> number_by_name(std::vector<Listed>& samples, const fs::path& folder) {
  std::set<std::string> names;
  for (const Listed& sample : samples) {
    if (sample.class_name.empty()) {
      throw DataError(
          fmt::format("{}: {} has no class; expected a number in .cls or under \"label\" in .json",
                      folder.string(), sample.record.name));
    }
    names.insert(sample.class_name);
  }
  std::vector<std::string> classes(names.begin(), names.end());
  for (Listed& sample : samples) {
    sample.label =
        std::lower_bound(classes.begin(), classes.end(), sample.class_name) - classes.begin();
  }
  return classes;
}

std::vector<std::string> name_numbers(const std::vector<Listed>& samples) {
  std::vector<std::string> classes;
  for (const Listed& sample : samples) {
    const auto label = static_cast<std::size_t>(*sample.label);
    if (label >= classes.size()) classes.resize(label + 1);
    if (classes[label].empty()) classes[label] = sample.class_name;
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].empty()) classes[i] = std::to_string(i);
  }
  return classes;
}

void check_labels(const std::vector<Listed>& samples, std::size_t classes, const fs::path& file) {
  for (const Listed& sample : samples) {
    if (sample.label && static_cast<std::size_t>(*sample.label) < classes) continue;
    throw DataError(fmt::format("{} names {} classes, and {} has the class {}", file.string(),
                                classes, sample.record.name,
                                sample.label ? std::to_string(*sample.label) : "nothing"));
  }
}

}  // namespace

bool holds_shards(const fs::path& folder) {
  return !tar_files(folder).empty();
}

ShardListing list_shards(const fs::path& folder, int threads) {
  ShardListing listing;
  for (const fs::path& file : tar_files(folder)) listing.files.emplace_back(file);
  if (listing.files.empty()) {
    throw DataError(fmt::format("{} holds no .tar files", folder.string()));
  }
  const fs::path names = folder / "classes.txt";
  const bool named = fs::exists(names);
  std::vector<std::vector<Listed>> by_tar(listing.files.size());
  run_parallel(
      by_tar.size(), threads,
      [&](std::size_t i, std::size_t) { by_tar[i] = TarSamples(listing.files[i], !named).list(); },
      [] { return true; });

  std::vector<Listed> all;
  for (std::size_t i = 0; i < by_tar.size(); ++i) {
    const InputFile& file = listing.files[i];
    listing.content.shards.push_back(
        {file.path().filename().string(), file.bytes(), file.modified_ns(), {}});
    for (Listed& sample : by_tar[i]) {
      sample.record.shard = static_cast<std::uint32_t>(i);
      all.push_back(std::move(sample));
    }
    by_tar[i].clear();
  }
  if (all.empty()) {
    throw DataError(fmt::format("the .tar files of {} hold no images", folder.string()));
  }
  const bool numbered =
      std::all_of(all.begin(), all.end(), [](const Listed& s) { return s.label.has_value(); });
  listing.content.kind = IndexKind::shards;
  if (named) {
    listing.content.classes = classes_from_file(names);
    check_labels(all, listing.content.classes.size(), names);
  } else {
    listing.content.classes = numbered ? name_numbers(all) : number_by_name(all, folder);
  }
  for (Listed& sample : all) {
    sample.record.label = static_cast<std::uint32_t>(*sample.label);
    listing.content.samples.push_back(std::move(sample.record));
  }
  return listing;
}

}  // namespace imgcls::data
