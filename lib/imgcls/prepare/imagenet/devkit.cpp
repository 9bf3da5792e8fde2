#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/text.h>
#include <imgcls/prepare/imagenet/devkit.h>
#include <imgcls/prepare/imagenet/mat_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

using ClassById = std::unordered_map<int, std::string>;

/// The array `synsets` of meta.mat, by field name.
class Synsets {
 public:
  Synsets(std::span<const std::byte> file, std::string_view name)
      : name_(name), structs_(read_mat_structs(file, "synsets", name)) {}

  std::size_t size() const { return structs_.size(); }

  int integer(std::size_t index, std::string_view field) const {
    const auto* numbers = std::get_if<std::vector<double>>(&value(index, field));
    if (!numbers || numbers->size() != 1) fail(index, field, "should be one number");
    const double number = numbers->front();
    if (!(number >= 0 && number <= 1e6) || number != static_cast<int>(number)) {
      fail(index, field, fmt::format("is {}; expected a whole number", number));
    }
    return static_cast<int>(number);
  }

  const std::string& text(std::size_t index, std::string_view field) const {
    const auto* text = std::get_if<std::string>(&value(index, field));
    if (!text || text->empty()) fail(index, field, "should be a text");
    return *text;
  }

  [[noreturn]] void fail(std::size_t index, std::string_view field, std::string_view reason) const {
    throw DataError(fmt::format("{}: {} of synset {} {}", name_, field, index + 1, reason));
  }

 private:
  const MatValue& value(std::size_t index, std::string_view field) const {
    const auto& fields = structs_.fields;
    const auto found = std::find(fields.begin(), fields.end(), field);
    if (found == fields.end()) {
      throw DataError(fmt::format("{}: its synsets have no field {}; they have {}", name_, field,
                                  fmt::join(fields, ", ")));
    }
    return structs_
        .values[index * fields.size() + static_cast<std::size_t>(found - fields.begin())];
  }

  std::string_view name_;
  MatStructs structs_;
};

/// "tench, Tinca tinca" is two names.
std::vector<std::string> split_names(std::string_view words) {
  constexpr std::string_view kBetween = ", ";
  std::vector<std::string> names;
  for (std::size_t end; (end = words.find(kBetween)) != std::string_view::npos;
       words.remove_prefix(end + kBetween.size())) {
    names.emplace_back(words.substr(0, end));
  }
  names.emplace_back(words);
  return names;
}

ClassById read_classes(const Synsets& synsets, std::string_view name, ImageNetMeta& meta) {
  ClassById by_id;
  std::unordered_set<std::string> wnids;
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    const std::string& wnid = synsets.text(i, "WNID");
    if (!is_wnid(wnid)) {
      synsets.fail(i, "WNID", fmt::format("is '{}'; expected n and 8 digits", wnid));
    }
    if (!wnids.insert(wnid).second) synsets.fail(i, "WNID", fmt::format("is {} again", wnid));
    if (synsets.integer(i, "num_children") != 0) continue;
    const int id = synsets.integer(i, "ILSVRC2012_ID");
    if (!by_id.emplace(id, wnid).second) {
      synsets.fail(i, "ILSVRC2012_ID", fmt::format("is {} again", id));
    }
    meta.classes.push_back({wnid, split_names(synsets.text(i, "words"))});
  }
  if (by_id.empty()) throw DataError(fmt::format("{}: no synset is without children", name));
  return by_id;
}

void read_labels(std::string_view text, std::string_view name, const ClassById& by_id,
                 ImageNetMeta& meta) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view digits = take_line(text);
    int id = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    const auto found = by_id.find(id);
    if (error != std::errc{} || stop != digits.data() + digits.size() || found == by_id.end()) {
      throw DataError(fmt::format("{}, line {}: '{}' is not the ILSVRC2012_ID of a class", name,
                                  line, digits.substr(0, 40)));
    }
    meta.val_wnids.push_back(found->second);
  }
  if (meta.val_wnids.empty()) throw DataError(fmt::format("{} is empty", name));
}

}  // namespace

ImageNetMeta read_devkit(std::span<const std::byte> meta_mat, std::string_view meta_mat_name,
                         std::string_view ground_truth, std::string_view ground_truth_name) {
  ImageNetMeta meta;
  const ClassById by_id = read_classes(Synsets(meta_mat, meta_mat_name), meta_mat_name, meta);
  read_labels(ground_truth, ground_truth_name, by_id, meta);
  return meta;
}

ImageNetMeta read_devkit(const fs::path& folder) {
  const fs::path meta_mat = folder / "data/meta.mat";
  const fs::path ground_truth = folder / "data/ILSVRC2012_validation_ground_truth.txt";
  const std::vector<std::byte> bytes = read_file(meta_mat);
  return read_devkit(bytes, meta_mat.string(), read_text(ground_truth), ground_truth.string());
}

}  // namespace imgcls::data
