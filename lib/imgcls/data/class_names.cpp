#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/text.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/imagenet_text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace imgcls::data {
namespace {

std::vector<ClassName> parse(std::string_view text, const std::string& source, Repeats repeats) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);  // editors leave empty lines
  std::vector<ClassName> classes;
  std::map<std::string, std::size_t, std::less<>> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    const std::size_t tab = line.find('\t');  // ids have spaces, where folders have
    const std::string id = unquote_name(line.substr(0, tab));
    if (id.empty()) {
      throw DataError(fmt::format("{}:{}: expected a class's id, then its name", source, number));
    }
    const auto [first, is_new] = lines.emplace(id, number);
    if (!is_new && repeats == Repeats::refused) {
      throw DataError(fmt::format("{}:{}: the class {} stands in line {} already", source, number,
                                  quote_name(id), first->second));
    }
    classes.push_back(
        {id, tab == std::string_view::npos ? id : unquote_name(line.substr(tab + 1))});
  }
  if (classes.empty()) throw DataError(fmt::format("{} names no class", source));
  return classes;
}

class Renumbered final : public Source {
 public:
  Renumbered(std::shared_ptr<const Source> source, std::span<const ClassName> classes)
      : source_(std::move(source)) {
    std::map<std::string_view, std::int64_t> numbers;
    for (const ClassName& item : classes) {
      numbers.emplace(item.id, static_cast<std::int64_t>(ids_.size()));
      ids_.push_back(item.id);
    }
    std::vector<std::string> unknown;
    for (const std::string& id : source_->classes()) {
      const auto found = numbers.find(id);
      if (found == numbers.end()) unknown.push_back(quote_name(id));
      numbers_.push_back(found == numbers.end() ? -1 : found->second);
    }
    if (!unknown.empty()) refuse(unknown);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const auto first = static_cast<std::size_t>(numbers.at(ids_[i]));
      if (first != i && std::ranges::count(source_->classes(), ids_[i]) > 0) {
        refuse_repeated(first, i);
      }
    }
  }

  std::size_t size() const override { return source_->size(); }
  std::int64_t label(std::size_t index) const override {
    return numbers_[static_cast<std::size_t>(source_->label(index))];
  }
  std::optional<std::vector<std::int64_t>> label_set(std::size_t index) const override {
    auto labels = source_->label_set(index);
    if (!labels) return labels;
    for (std::int64_t& label : *labels) label = numbers_[static_cast<std::size_t>(label)];
    std::ranges::sort(*labels);
    return labels;
  }
  Sample read(std::size_t index) const override { return source_->read(index); }
  std::string name(std::size_t index) const override { return source_->name(index); }
  const std::vector<std::string>& classes() const override { return ids_; }
  std::string fingerprint() const override { return source_->fingerprint(); }
  Origin origin() const override { return source_->origin(); }
  std::vector<std::string> remarks() const override { return source_->remarks(); }
  std::span<const std::byte> checkpoints(std::size_t index) const override {
    return source_->checkpoints(index);
  }
  void will_need(std::size_t index) const override { source_->will_need(index); }

 private:
  [[noreturn]] void refuse(std::vector<std::string> unknown) const {
    constexpr std::size_t kShown = 5;
    const std::size_t count = unknown.size();
    unknown.resize(std::min(count, kShown));
    throw DataError(fmt::format(
        "{} of the data's {} classes are none of the model's {}: {}{}; expected ids such as {}. "
        "Where the data calls them otherwise, --classes FILE says which number each has",
        count, source_->classes().size(), ids_.size(), fmt::join(unknown, ", "),
        count > kShown ? ", ..." : "", quote_name(ids_.front())));
  }
  [[noreturn]] void refuse_repeated(std::size_t first, std::size_t second) const {
    throw DataError(fmt::format(
        "the model's classes {} and {} are both called {}, as one of the data's is; --classes FILE "
        "with an id of its own for each says which is meant",
        first, second, quote_name(ids_[first])));
  }

  std::shared_ptr<const Source> source_;
  std::vector<std::string> ids_;
  std::vector<std::int64_t> numbers_;  // by the source's
};

}  // namespace

const std::vector<ClassName>& imagenet_classes() {
  static const std::vector<ClassName> all =
      parse(kImageNetText, "ImageNet's classes", Repeats::refused);
  return all;
}

std::vector<ClassName> read_class_names(const std::filesystem::path& path, Repeats repeats) {
  return parse(read_text(path), path.string(), repeats);
}

std::vector<std::string> class_ids(std::span<const ClassName> classes) {
  std::vector<std::string> ids;
  ids.reserve(classes.size());
  for (const ClassName& item : classes) ids.push_back(item.id);
  return ids;
}

std::string class_names_text(std::span<const std::string> ids) {
  std::string text;
  for (const std::string& id : ids) text += quote_name(id) + '\n';
  return text;
}

std::shared_ptr<const Source> with_classes(std::shared_ptr<const Source> source,
                                           std::span<const ClassName> classes) {
  if (std::ranges::equal(source->classes(), classes, {}, {}, &ClassName::id)) return source;
  return std::make_shared<Renumbered>(std::move(source), classes);
}

}  // namespace imgcls::data
