#include <imgcls/core/config_text.h>
#include <imgcls/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace imgcls {
namespace {

using nlohmann::json;

/// Counts the lines of what the parser has taken. A line break counts when the next character is
/// taken: the parser looks one character ahead to find the end of a number.
class LineCounter {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCounter(const char* at, std::size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  LineCounter& operator++() {
    if (after_break_) ++*line_;
    after_break_ = *at_ == '\n';
    ++at_;
    return *this;
  }
  LineCounter operator++(int) {
    LineCounter before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCounter& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* line_;
  bool after_break_ = false;
};

/// Builds the document from the parser's events.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view name, const std::size_t* line) : name_(name), line_(line) {}
  ConfigText take() { return std::move(result_); }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t&) override { return scalar(value); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t& value) override { return scalar(std::move(value)); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    key_ = std::move(key);
    const std::string path = next_path();
    const auto [place, added] = result_.lines.emplace(path, *line_);
    // Two paths may read the same ("a.b" and "a": "b"), so the object itself is asked.
    if (open_.back().container->contains(key_)) {
      fail(fmt::format("key {} is given twice, first in line {}; remove one of them", shown(path),
                       place->second));
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    std::string_view reason = error.what();
    for (const std::string_view prefix : {"] ", "column "}) {
      if (const auto at = reason.find(prefix); at != reason.npos) {
        reason.remove_prefix(at + prefix.size());
      }
    }
    reason.remove_prefix(std::min(reason.size(), reason.find_first_not_of("0123456789: ")));
    if (ends_in_comma(reason)) {
      fail("broken JSON: there is a comma after the last value; remove it");
    }
    fail(fmt::format("broken JSON: {}", reason));
  }

 private:
  struct Open {
    json* container;
    std::string path;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError(fmt::format("{}:{}: {}", name_, *line_, what));
  }

  /// A bracket closes where a further value or key was due, which a comma alone can have promised.
  bool ends_in_comma(std::string_view reason) const {
    if (open_.empty() || open_.back().container->empty()) return false;
    return open_.back().container->is_array()
               ? reason.find("parsing value - unexpected ']'") != reason.npos
               : reason.find("parsing object key - unexpected '}'") != reason.npos;
  }

  std::string next_path() const {
    if (open_.empty()) return {};
    const Open& top = open_.back();
    if (top.container->is_object()) return key_path(top.path, key_);
    return fmt::format("{}[{}]", top.path, top.container->size());
  }

  json* add(json value) {
    if (open_.empty()) return &(result_.values = std::move(value));
    json& container = *open_.back().container;
    if (container.is_object()) return &(container[key_] = std::move(value));
    container.push_back(std::move(value));
    return &container.back();
  }

  bool scalar(json value) {
    add(std::move(value));
    return true;
  }

  bool open(json empty) {
    if (open_.size() == kMaxNesting) fail(fmt::format("nested deeper than {}", kMaxNesting));
    std::string path = next_path();
    open_.push_back({add(std::move(empty)), std::move(path)});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  ConfigText result_;
  std::string_view name_;
  const std::size_t* line_;
  std::vector<Open> open_;
  std::string key_;
};

}  // namespace

ConfigText parse_config_text(std::string_view text, std::string_view name) {
  std::size_t line = 1;
  Builder builder(name, &line);
  json::sax_parse(LineCounter(text.data(), &line), LineCounter(text.data() + text.size(), &line),
                  &builder, json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/true);
  return builder.take();
}

std::string key_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string shown(const json& value) {
  constexpr std::size_t kLongest = 80;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a UTF-8 character
  return text.substr(0, end) + "...";
}

}  // namespace imgcls
