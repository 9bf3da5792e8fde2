#include <imgcls/core/error.h>
#include <imgcls/core/json_text.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/shard_labels.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <unordered_map>

namespace imgcls::data {
namespace {

using nlohmann::json;

/// Numbers below the first are taken as they are; no class has a number above the second.
constexpr std::int64_t kUsualNumbers = 1'000'000, kMaxNumber = 10'000'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

ShardLabel checked(std::int64_t number) {
  if (number < 0 || number > kMaxNumber) {
    throw DataError(fmt::format("its class is {}; expected 0 to {}", number, kMaxNumber));
  }
  return {.number = number};
}

ShardLabel parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) {
    throw DataError(
        fmt::format("its class is {}; expected 0 to {}", text.substr(0, 40), kMaxNumber));
  }
  return checked(number);
}

ShardLabel named(std::string_view text) {
  std::string name = unquote_name(text);
  if (name.find('\0') != std::string::npos) {
    throw DataError("it is neither a class's number nor a name: it has a zero byte");
  }
  return {.number = {}, .name = std::move(name)};
}

json parsed(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const DataError& e) {
    throw DataError(fmt::format("it is no JSON that is read: {}", e.what()));
  }
}

std::string name_in(const json& object) {
  if (!object.is_object()) return {};
  for (const char* key : {"class", "class_name", "wnid"}) {
    const auto name = object.find(key);
    if (name == object.end() || !name->is_string()) continue;
    return named(name->get_ref<const std::string&>()).name;
  }
  return {};
}

}  // namespace

ShardLabel parse_cls(std::string_view text) {
  const std::string_view whole = trimmed(text);
  if (whole.empty()) throw DataError("it is empty; expected a class's number or name");
  if (is_number(whole)) return parse_number(whole);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return named(text);
}

ShardLabel parse_json_label(std::string_view text) {
  const json object = parsed(text);
  ShardLabel found;
  if (!object.is_object()) return found;
  if (const auto label = object.find("label"); label != object.end()) {
    if (label->is_number_unsigned() && label->get<std::uint64_t>() > kMaxNumber) {
      throw DataError(fmt::format("its class is {}; expected 0 to {}", label->dump(), kMaxNumber));
    }
    if (label->is_number_integer()) found = checked(label->get<std::int64_t>());
    if (label->is_number_float() && label->get<double>() == std::floor(label->get<double>()) &&
        std::abs(label->get<double>()) <= static_cast<double>(kMaxNumber)) {
      found = checked(static_cast<std::int64_t>(label->get<double>()));
    }
    if (label->is_string() && !trimmed(label->get_ref<const std::string&>()).empty()) {
      found = parse_cls(label->get_ref<const std::string&>());
    }
    if (found.is_empty() && !label->is_null()) {
      throw DataError(
          fmt::format("its \"label\" is {}; expected a class's number or name",
                      label->dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 60)));
    }
  }
  if (found.name.empty()) found.name = name_in(object);
  return found;
}

std::string parse_json_name(std::string_view text) {
  return name_in(parsed(text));
}

void ShardClasses::fail(std::size_t sample, std::string_view reason) const {
  throw DataError(fmt::format("{}: {}", where_(sample), reason));
}

std::vector<std::string> ShardClasses::by_file(const std::filesystem::path& classes_file) {
  std::vector<std::string> classes = class_ids(read_class_names(classes_file, Repeats::allowed));
  std::unordered_map<std::string_view, std::int64_t> numbers;
  for (std::size_t i = classes.size(); i-- > 0;) {  // of a name that stands twice, the first
    numbers.insert_or_assign(classes[i], static_cast<std::int64_t>(i));
  }
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    ShardLabel& label = labels_[i];
    if (!label.number) {
      const auto found = numbers.find(label.name);
      if (found == numbers.end()) {
        fail(i, fmt::format("its class is {}, which is none of the {} in {}",
                            quote_name(label.name), classes.size(), classes_file.string()));
      }
      label.number = found->second;
    }
    if (static_cast<std::size_t>(*label.number) < classes.size()) continue;
    fail(i, fmt::format("its class is {}, and {} names {} classes, which are 0 to {}",
                        *label.number, classes_file.string(), classes.size(), classes.size() - 1));
  }
  return classes;
}

std::vector<std::string> ShardClasses::by_samples() {
  const auto has_number = [](const ShardLabel& label) { return label.number.has_value(); };
  const auto numbered =
      static_cast<std::size_t>(std::count_if(labels_.begin(), labels_.end(), has_number));
  if (numbered == labels_.size()) return by_number();
  if (numbered == 0) return by_name();
  const bool names_are_usual = 2 * numbered < labels_.size();
  const auto odd = std::find_if(labels_.begin(), labels_.end(), [&](const ShardLabel& label) {
    return has_number(label) == names_are_usual;
  });
  const auto place = static_cast<std::size_t>(odd - labels_.begin());
  const std::string said = odd->number ? std::to_string(*odd->number) : quote_name(odd->name);
  fail(place, fmt::format("its class is {}, where {} of the {} samples have a {}; give all the "
                          "one or the other, or a classes.txt that says which number each name has",
                          said, names_are_usual ? labels_.size() - numbered : numbered,
                          labels_.size(), names_are_usual ? "name" : "number"));
}

void ShardClasses::check_numbers() {
  const auto highest = std::max_element(
      labels_.begin(), labels_.end(),
      [](const ShardLabel& a, const ShardLabel& b) { return *a.number < *b.number; });
  constexpr std::int64_t kPerImage = 10, kFew = 1000;
  const auto images = static_cast<std::int64_t>(labels_.size());
  if (*highest->number < std::max(kFew, kPerImage * images)) return;
  const auto place = static_cast<std::size_t>(highest - labels_.begin());
  if (*highest->number < kUsualNumbers) {
    remark_ = fmt::format("{} has the class {}, so there are {} classes, for {} images",
                          where_(place), *highest->number, *highest->number + 1, images);
    return;
  }
  fail(place, fmt::format("its class is {}, and there are {} images: classes are numbered from 0 "
                          "on. Where that is an id, list the classes in a classes.txt and give "
                          "their lines' numbers (from 0) or their names",
                          *highest->number, images));
}

std::vector<std::string> ShardClasses::by_number() {
  check_numbers();
  std::vector<std::string> classes;
  for (const ShardLabel& label : labels_) {
    const auto number = static_cast<std::size_t>(*label.number);
    if (number >= classes.size()) classes.resize(number + 1);
    if (classes[number].empty()) classes[number] = label.name;
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].empty()) classes[i] = std::to_string(i);
  }
  return classes;
}

std::vector<std::string> ShardClasses::by_name() {
  std::set<std::string> names;
  for (const ShardLabel& label : labels_) names.insert(label.name);
  std::vector<std::string> classes(names.begin(), names.end());
  for (ShardLabel& label : labels_) {
    label.number = std::lower_bound(classes.begin(), classes.end(), label.name) - classes.begin();
  }
  return classes;
}

}  // namespace imgcls::data
