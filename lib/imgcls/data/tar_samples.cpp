#include <imgcls/core/error.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/tar.h>
#include <imgcls/data/tar_samples.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace imgcls::data {
namespace {

constexpr std::uint64_t kMaxText = std::uint64_t{1} << 20;  // of a .cls or .json
constexpr std::string_view kIsLink =
    "it is a link, and what that leads to is not read; tar's options --hard-dereference and "
    "--dereference store the file instead";

/// An image and the extension by which it may be chosen.
struct Candidate {
  const TarMember* member;
  std::string extension;
};

/// Members of one key that follow each other.
struct Group {
  std::string_view key;
  std::vector<Candidate> images;  // with an image key: those that it names
  const TarMember* cls = nullptr;
  const TarMember* json = nullptr;
  const TarMember* link = nullptr;   // in the place of one of these
  const TarMember* other = nullptr;  // anything else
  bool is_taken = false;             // as the label of a group that stands elsewhere
};

class Finder {
 public:
  Finder(const InputFile& file, const TarSamplesOptions& options)
      : file_(file), options_(options) {}

  TarSamples run() {
    const ReadAt read = [this](std::uint64_t at, std::span<std::byte> out) { file_.read(at, out); };
    const std::vector<TarMember> members = list_tar(read, file_.bytes(), file_.path().string());
    for (const TarMember& member : members) {
      if (auto name = split_member_name(member.name)) add(member, *std::move(name));
    }
    for (const Group& group : groups_) {
      if (!group.images.empty()) keep(group);
    }
    for (const Group& group : groups_) look_for_loss(group);
    return std::move(found_);
  }

 private:
  [[noreturn]] void fail(const TarMember& member, std::string_view reason) const {
    throw DataError(fmt::format("{}: {}: {}", file_.path().string(), member.name, reason));
  }

  void add(const TarMember& member, MemberName name) {
    if (groups_.empty() || groups_.back().key != name.key) groups_.emplace_back().key = name.key;
    Group& group = groups_.back();
    const bool is_label = name.extension == "cls" || name.extension == "json";
    if (member.is_link) {
      if (is_label || is_image(member, name.extension)) group.link = &member;
    } else if (is_label) {
      const TarMember*& place = name.extension == "cls" ? group.cls : group.json;
      if (place != nullptr)
        fail(member, fmt::format("the sample has another one, {}", place->name));
      place = &member;
    } else if (is_image(member, name.extension)) {
      add_image(group, {&member, std::move(name.extension)});
    } else {
      group.other = &member;
    }
  }

  bool is_image(const TarMember& member, std::string_view extension) const {
    const auto& wanted = options_.image_extensions;
    if (wanted.empty()) return is_image_name(member.name);
    return std::find(wanted.begin(), wanted.end(), extension) != wanted.end();
  }

  void add_image(Group& group, Candidate image) const {
    const auto twice =
        std::find_if(group.images.begin(), group.images.end(),
                     [&](const Candidate& there) { return there.extension == image.extension; });
    if (twice != group.images.end()) {
      fail(*image.member, fmt::format("the sample has another one, {}", twice->member->name));
    }
    group.images.push_back(std::move(image));
  }

  void keep(const Group& group) {
    const TarMember& image = choose(group);
    ShardLabel label = label_of(group, image);
    SampleRecord record;
    record.name = image.name;
    record.offset = image.offset;
    record.bytes = image.bytes;
    found_.samples.push_back({std::move(record), std::move(label)});
  }

  const TarMember& choose(const Group& group) {
    const std::vector<Candidate>& images = group.images;
    const auto& wanted = options_.image_extensions;
    if (!wanted.empty()) {
      const auto rank = [&](const Candidate& image) {
        return std::find(wanted.begin(), wanted.end(), image.extension) - wanted.begin();
      };
      return *std::min_element(images.begin(), images.end(), [&](const auto& a, const auto& b) {
                return rank(a) < rank(b);
              })->member;
    }
    const auto is_plain = [](const Candidate& image) {
      return image.extension.find('.') == std::string::npos;
    };
    const auto plain = std::find_if(images.begin(), images.end(), is_plain);
    if (images.size() == 1) {
      if (plain == images.end()) note(found_.other_images, images.front().member->name);
      return *images.front().member;
    }
    if (std::count_if(images.begin(), images.end(), is_plain) != 1) {
      fail(*images[1].member,
           fmt::format("the sample has another image, {}; say which is meant, such as "
                       "data.image_key={} (`prepare` takes --image-key)",
                       images[0].member->name, images[0].extension));
    }
    const auto other = std::find_if_not(images.begin(), images.end(), is_plain);
    note(found_.several_images,
         fmt::format("{} beside {}", plain->member->name, other->member->name));
    return *plain->member;
  }

  static void note(TarSamples::Found& found, const std::string& what) {
    if (found.count++ == 0) found.first = what;
  }

  ShardLabel label_of(const Group& group, const TarMember& image) {
    ShardLabel label = own_label(group);
    if (label.is_empty()) label = label_elsewhere(group.key, image);
    if (!label.is_empty()) return label;
    if (group.link) fail(*group.link, kIsLink);
    fail(image, fmt::format("it has no class; expected a number or a name in {0}.cls, or under "
                            "\"label\" in {0}.json",
                            group.key));
  }

  ShardLabel own_label(const Group& group) const {
    ShardLabel label;
    if (group.cls) label = parse(*group.cls, parse_cls);
    if (!group.json) return label;
    if (label.is_empty()) return parse(*group.json, parse_json_label);
    if (options_.wants_names && label.name.empty())
      label.name = parse(*group.json, parse_json_name);
    return label;
  }

  /// Of the group of this key that has no image. Whose class it is must be clear.
  ShardLabel label_elsewhere(std::string_view key, const TarMember& image) {
    if (labels_.empty()) {
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        if (groups_[i].images.empty() && (groups_[i].cls || groups_[i].json)) {
          labels_.emplace(groups_[i].key, i);
        }
      }
    }
    ShardLabel label;
    const auto [begin, end] = labels_.equal_range(key);
    for (auto at = begin; at != end; ++at) {
      Group& group = groups_[at->second];
      if (group.is_taken) fail(image, "another sample has the same name, and one class is there");
      const ShardLabel more = own_label(group);
      if (!more.is_empty() && !label.is_empty() && more.number && label.number) {
        fail(group.cls ? *group.cls : *group.json, "the sample has another class");
      }
      group.is_taken = true;
      if (label.is_empty()) label = more;
      if (label.name.empty()) label.name = more.name;
    }
    return label;
  }

  template <class Label>
  Label parse(const TarMember& member, Label (*parse_text)(std::string_view)) const {
    if (member.bytes > kMaxText) {
      fail(member, fmt::format("it has {} bytes; at most {} are read", member.bytes, kMaxText));
    }
    std::string text(member.bytes, '\0');
    file_.read(member.offset, std::as_writable_bytes(std::span(text)));
    try {
      return parse_text(text);
    } catch (const DataError& e) {
      fail(member, e.what());
    }
  }

  /// A group without an image: whether a sample is lost with it.
  void look_for_loss(const Group& group) {
    if (!group.images.empty() || group.is_taken) return;
    const TarMember* label = group.cls ? group.cls : group.json;
    const bool has_image_elsewhere =
        !options_.image_extensions.empty() && group.other && is_image_name(group.other->name);
    if (has_image_elsewhere || (group.cls && !options_.image_extensions.empty())) {
      fail(has_image_elsewhere ? *group.other : *group.cls,
           fmt::format("the sample has no image {}.{}, which data.image_key asks for", group.key,
                       fmt::join(options_.image_extensions, " or ")));
    }
    if (label && group.link) {
      fail(*group.link, kIsLink);
    }
    if (group.cls || (group.json && group.other)) note(found_.no_image, label->name);
  }

  const InputFile& file_;
  const TarSamplesOptions& options_;
  std::vector<Group> groups_;
  std::unordered_multimap<std::string_view, std::size_t> labels_;  // groups, by their keys
  TarSamples found_;
};

}  // namespace

TarSamples find_samples(const InputFile& file, const TarSamplesOptions& options) {
  return Finder(file, options).run();
}

}  // namespace imgcls::data
