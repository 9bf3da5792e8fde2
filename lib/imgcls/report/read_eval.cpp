#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/text.h>
#include <imgcls/data/path_names.h>
#include <imgcls/log/csv_table.h>
#include <imgcls/report/json_file.h>
#include <imgcls/report/read_eval.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_map>

namespace imgcls::report {
namespace {

namespace fs = std::filesystem;

/// Names for people, by the ids in the files.
class Names {
 public:
  explicit Names(std::span<const ClassLabel> labels) {
    for (const ClassLabel& label : labels) names_.emplace(label.id, label.name);
  }
  std::string of(const std::string& id) const {
    const auto found = names_.find(id);
    return std::string(found == names_.end() ? std::string_view(id) : found->second);
  }

 private:
  std::unordered_map<std::string_view, std::string_view> names_;
};

std::vector<ClassResult> read_per_class(const fs::path& file, const Names& names) {
  constexpr std::array<std::string_view, 3> kColumns{"class", "id", "images"};
  const CsvTable table(file, kColumns);
  const bool multi_label = table.has("ap");
  std::vector<ClassResult> classes;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    ClassResult result{.name = names.of(table.text(row, "id")),
                       .images = table.integer(row, "images")};
    if (result.images < 0) table.refuse(row, "images", "at least 0");
    if (multi_label) {
      result.ap = table.number(row, "ap") / 100;
      classes.push_back(std::move(result));
      continue;
    }
    result.right = table.integer(row, "right");
    if (result.right < 0 || result.right > result.images) {
      table.refuse(row, "right", "at least 0 and at most images");
    }
    classes.push_back(std::move(result));
  }
  return classes;
}

std::vector<Confusion> read_matrix(const fs::path& file, std::size_t classes) {
  constexpr std::array<std::string_view, 1> kColumns{"class"};
  const CsvTable table(file, kColumns);
  if (table.rows() != classes || table.header().size() != classes + 1) {
    throw DataError(
        fmt::format("{}: {} rows and {} columns of numbers, where per_class.csv has {} "
                    "classes",
                    file.string(), table.rows(),
                    table.header().empty() ? 0 : table.header().size() - 1, classes));
  }
  std::vector<Confusion> confusions;
  for (std::size_t row = 0; row < classes; ++row) {
    const auto fields = table.fields(row).subspan(1);
    for (std::size_t column = 0; column < classes; ++column) {
      const std::string& field = fields[column];
      std::int64_t images = -1;
      std::from_chars(field.data(), field.data() + field.size(), images);
      if (images < 0) {
        throw DataError(fmt::format("{}: class {} has \"{}\", where a number of images is due",
                                    file.string(), row, field));
      }
      if (images > 0) confusions.push_back({row, column, images});
    }
  }
  return confusions;
}

/// A row for each pair that occurred: what is written where there are many classes.
std::vector<Confusion> read_pairs(const fs::path& file, std::size_t classes) {
  constexpr std::array<std::string_view, 3> kColumns{"class", "predicted", "images"};
  const CsvTable table(file, kColumns);
  std::vector<Confusion> confusions;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto number = [&](std::string_view column) {
      const std::int64_t value = table.integer(row, column);
      if (value < 0 || static_cast<std::size_t>(value) >= classes) {
        table.refuse(row, column, fmt::format("below {}, per_class.csv's classes", classes));
      }
      return static_cast<std::size_t>(value);
    };
    const std::int64_t images = table.integer(row, "images");
    if (images < 1) table.refuse(row, "images", "at least 1");
    confusions.push_back({number("class"), number("predicted"), images});
  }
  return confusions;
}

/// The bytes of a JPEG in `folder`; none where it is missing, or no small JPEG.
std::string read_thumbnail(const fs::path& folder, const std::string& name) {
  constexpr std::uintmax_t kMost = 1U << 20U;
  if (!data::is_safe_name(name)) return "";
  const fs::path file = folder / name;
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (error || bytes > kMost) return "";
  std::string jpeg = read_text(file);
  return jpeg.starts_with("\xff\xd8\xff") ? jpeg : "";
}

std::vector<Mistake> read_mistakes(const fs::path& file, const Names& names) {
  constexpr std::array<std::string_view, 7> kColumns{"place",       "name", "class",    "predicted",
                                                     "probability", "loss", "thumbnail"};
  const CsvTable table(file, kColumns);
  std::vector<Mistake> mistakes;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    mistakes.push_back(
        {.name = table.text(row, "name"),
         .truth = names.of(table.text(row, "class")),
         .predicted = names.of(table.text(row, "predicted")),
         .probability = table.number(row, "probability"),
         .loss = table.number(row, "loss"),
         .thumbnail = read_thumbnail(file.parent_path(), table.text(row, "thumbnail"))});
  }
  return mistakes;
}

}  // namespace

std::vector<TrainingImage> read_augmented(const fs::path& folder,
                                          std::span<const ClassLabel> labels) {
  std::vector<TrainingImage> images;
  const fs::path file = folder / "augmented.csv";
  if (!fs::exists(file)) return images;
  constexpr std::array<std::string_view, 2> kColumns{"label", "picture"};
  const CsvTable table(file, kColumns);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::vector<std::string> names;
    const std::string& numbers = table.text(row, "label");  // with blanks between them
    for (std::string_view rest = numbers; !rest.empty();) {
      const std::string_view number = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), number.size() + 1));
      std::size_t place = 0;
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), place);
      if (error != std::errc() || end != number.data() + number.size()) {
        table.refuse(row, "label", "the numbers of classes, at least 0");
      }
      names.push_back(place < labels.size() ? labels[place].name : fmt::format("class {}", place));
    }
    images.push_back({.label = fmt::format("{}", fmt::join(names, ", ")),
                      .picture = read_thumbnail(folder, table.text(row, "picture"))});
  }
  return images;
}

std::vector<ClassLabel> read_class_labels(const fs::path& file) {
  std::vector<ClassLabel> labels;
  if (!fs::exists(file)) return labels;
  const std::string text = read_text(file);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = take_line(rest);
    const std::size_t tab = line.find('\t');
    labels.push_back({std::string(line.substr(0, tab)),
                      std::string(tab == std::string_view::npos ? line : line.substr(tab + 1))});
  }
  return labels;
}

std::optional<EvalFiles> read_eval_files(const fs::path& folder,
                                         std::span<const ClassLabel> labels) {
  const Names names(labels);
  EvalFiles files;
  files.summary = read_json_object(folder / "eval.json");
  bool any = !files.summary.is_null();
  if (const fs::path csv = folder / "per_class.csv"; fs::exists(csv)) {
    files.classes = read_per_class(csv, names);
    any = true;
    if (const fs::path pairs = folder / "confusion_pairs.csv"; fs::exists(pairs)) {
      files.confusion = read_pairs(pairs, files.classes.size());
    } else if (const fs::path matrix = folder / "confusion.csv"; fs::exists(matrix)) {
      files.confusion = read_matrix(matrix, files.classes.size());
    }
  }
  if (const fs::path csv = folder / "mistakes.csv"; fs::exists(csv)) {
    files.mistakes = read_mistakes(csv, names);
    any = true;
  }
  if (!any) return std::nullopt;
  return files;
}

}  // namespace imgcls::report
