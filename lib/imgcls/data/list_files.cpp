#include <imgcls/core/config_text.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/core/text.h>
#include <imgcls/data/folder_files.h>
#include <imgcls/data/list_files.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

void add_name(std::string name, ListedImage& image) {
  if (std::ranges::find(image.classes, name) == image.classes.end()) {
    image.classes.push_back(std::move(name));
  }
}

/// A line an image. Commas belong to the names where the file has tabs.
std::vector<ListedImage> parse_lines(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const char between = text.find('\t') != std::string_view::npos ? '\t' : ',';
  std::vector<ListedImage> images;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view rest = take_line(text);
    if (without_blanks(rest).empty()) continue;
    ListedImage image{.path = {}, .classes = {}, .line = number};
    for (bool is_path = true; !rest.empty(); is_path = false) {
      const std::string_view field = rest.substr(0, rest.find(between));
      rest.remove_prefix(std::min(rest.size(), field.size() + 1));
      std::string name = unquote_name(without_blanks(field));
      if (is_path) {
        image.path = std::move(name);
      } else if (!name.empty()) {
        add_name(std::move(name), image);
      }
    }
    images.push_back(std::move(image));
  }
  return images;
}

std::vector<ListedImage> parse_object(const std::string& text, const std::string& file) {
  ConfigText parsed;
  try {
    parsed = parse_config_text(text, file);
  } catch (const ConfigError& e) {
    throw DataError(e.what());
  }
  constexpr const char* kExpected = R"(expected {"images/a.jpg": ["cat", "dog"], ...})";
  if (!parsed.values.is_object()) throw DataError(fmt::format("{}: {}", file, kExpected));
  std::vector<ListedImage> images;
  for (const auto& [path, names] : parsed.values.items()) {
    ListedImage image{
        .path = unquote_name(path), .classes = {}, .line = parsed.lines.find(path)->second};
    const bool is_list = names.is_array() && std::ranges::all_of(names, [](const auto& name) {
                           return name.is_string() && !name.template get<std::string>().empty();
                         });
    if (!is_list) {
      throw DataError(fmt::format("{}:{}: {} must have a list of class names, not {}", file,
                                  image.line, quote_name(image.path), shown(names)));
    }
    for (const auto& name : names) add_name(unquote_name(name.get<std::string>()), image);
    images.push_back(std::move(image));
  }
  return images;
}

void check_paths(std::span<const ListedImage> images, const std::string& file) {
  std::unordered_map<std::string, std::size_t> lines;
  for (const ListedImage& image : images) {
    if (!is_image_name(image.path)) {
      throw DataError(fmt::format(
          "{}:{}: {} is no image's path; expected one that ends in .jpg, .png or as data.format="
          "folder wants it, then the classes, with tabs or commas between",
          file, image.line, quote_name(image.path)));
    }
    const auto [first, is_new] =
        lines.emplace(fs::path(image.path).lexically_normal().string(), image.line);
    if (is_new) continue;
    throw DataError(
        fmt::format("{}:{}: {} stands in line {} already; an image has one line with "
                    "all of its classes",
                    file, image.line, quote_name(image.path), first->second));
  }
}

}  // namespace

std::vector<ListedImage> parse_list(const std::string& text, const std::string& file,
                                    bool is_json) {
  std::vector<ListedImage> images = is_json ? parse_object(text, file) : parse_lines(text);
  if (images.empty()) throw DataError(fmt::format("{} names no image", file));
  check_paths(images, file);
  return images;
}

std::vector<ListedImage> read_list(const fs::path& list) {
  std::error_code error;
  if (!fs::is_regular_file(list, error)) {
    throw DataError(fmt::format(
        "{} {}; data.format=list wants a list of images in data.root, such as data.train=train.txt "
        "or train.json",
        list.string(), fs::is_directory(list, error) ? "is a folder" : "does not exist"));
  }
  const bool is_json = lower_case(list.extension().string()) == ".json";
  return parse_list(read_text(list), list.string(), is_json);
}

std::vector<std::string> classes_of(std::span<const ListedImage> images) {
  std::set<std::string> names;
  for (const ListedImage& image : images) names.insert(image.classes.begin(), image.classes.end());
  return {names.begin(), names.end()};
}

}  // namespace imgcls::data
