#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/nearest.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/sha256.h>
#include <imgcls/data/list_files.h>
#include <imgcls/data/source.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

class ListSource final : public Source {
 public:
  ListSource(fs::path list, const ListOptions& options)
      : list_(std::move(list)), multi_label_(options.multi_label) {
    const std::vector<ListedImage> images = read_list(list_);
    read_classes(images, options);
    std::unordered_map<std::string_view, std::int64_t> numbers;
    for (const std::string& name : classes_) {
      numbers.emplace(name, static_cast<std::int64_t>(numbers.size()));
    }
    for (const ListedImage& image : images) add(image, numbers);
  }

  std::size_t size() const override { return items_.size(); }
  std::int64_t label(std::size_t index) const override {
    const std::vector<std::int64_t>& labels = items_.at(index).labels;
    return labels.empty() ? 0 : labels.front();
  }
  std::optional<std::vector<std::int64_t>> label_set(std::size_t index) const override {
    if (!multi_label_) return std::nullopt;
    return items_.at(index).labels;
  }
  Sample read(std::size_t index) const override { return read_file(path(index)); }
  std::string name(std::size_t index) const override { return path(index).string(); }
  const std::vector<std::string>& classes() const override { return classes_; }
  Origin origin() const override { return {.format = "list", .path = list_}; }

  std::string fingerprint() const override {
    Sha256 hash;
    for (const std::string& name : classes_) hash.update(name).update("\n");
    for (const Item& item : items_) {
      hash.update(item.path).update(
          fmt::format("\n{} {}\n", item.bytes, fmt::join(item.labels, " ")));
    }
    return hash.hex();
  }

 private:
  struct Item {
    std::string path;  ///< as the list has it
    std::uintmax_t bytes = 0;
    std::vector<std::int64_t> labels;  ///< ascending
  };

  fs::path path(std::size_t index) const { return list_.parent_path() / items_.at(index).path; }

  void read_classes(std::span<const ListedImage> images, const ListOptions& options) {
    classes_ = options.classes;
    if (!classes_.empty()) return;
    const bool is_training = options.training.empty() || options.training == list_;
    classes_ = is_training ? classes_of(images) : classes_of(read_list(options.training));
    if (!classes_.empty()) return;
    throw DataError(fmt::format("{} gives no image a class",
                                (is_training ? list_ : options.training).string()));
  }

  void add(const ListedImage& image,
           const std::unordered_map<std::string_view, std::int64_t>& numbers) {
    const auto refuse = [&](const std::string& what) {
      throw DataError(fmt::format("{}:{}: {}", list_.string(), image.line, what));
    };
    Item item{.path = image.path, .bytes = 0, .labels = {}};
    for (const std::string& name : image.classes) {
      const auto found = numbers.find(name);
      if (found == numbers.end()) {
        refuse(fmt::format("{} is none of the training data's {} classes; {}", quote_name(name),
                           classes_.size(), known_names(name, classes_)));
      }
      item.labels.push_back(found->second);
    }
    std::ranges::sort(item.labels);
    if (!multi_label_ && item.labels.size() != 1) {
      refuse(
          fmt::format("{} has {} classes, and one is wanted; for images with any number of them "
                      "give data.multi_label=true",
                      quote_name(image.path), item.labels.size()));
    }
    std::error_code error;
    const fs::path file = list_.parent_path() / image.path;
    item.bytes = fs::file_size(file, error);
    if (error) {
      refuse(fmt::format("there is no file {}; paths are relative to the list's folder",
                         quote_name(file.string())));
    }
    items_.push_back(std::move(item));
  }

  fs::path list_;
  bool multi_label_;
  std::vector<std::string> classes_;
  std::vector<Item> items_;
};

}  // namespace

std::unique_ptr<Source> open_list(const fs::path& list, const ListOptions& options) {
  return std::make_unique<ListSource>(list, options);
}

}  // namespace imgcls::data
