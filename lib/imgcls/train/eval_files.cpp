#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/log/csv_field.h>
#include <imgcls/train/eval_files.h>

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace imgcls::train {
namespace {

namespace fs = std::filesystem;

constexpr int kThumbnailSide = 160;

/// The name of sample's thumbnail beside mistakes.csv; empty where the image cannot be read.
std::string write_thumbnail(const fs::path& folder, const data::Source& source, std::size_t sample,
                            std::size_t place) {
  std::string name = fmt::format("mistakes/{:02}.jpg", place);
  try {
    const data::Image image = data::read_image(source, sample);
    write_unsynced(folder / name, data::thumbnail_jpeg(image, kThumbnailSide));
  } catch (const DataError&) {
    return "";
  }
  return name;
}

void write_mistakes(const fs::path& folder, const EvalDetails& details,
                    const data::Source& source) {
  remove_tree(folder / "mistakes");  // an earlier evaluation's
  make_folders(folder / "mistakes");
  std::string text = "place,sample,name,class,predicted,probability,loss,thumbnail\n";
  std::size_t place = 0;
  for (const Mistake& mistake : details.mistakes()) {
    const auto sample = static_cast<std::size_t>(mistake.sample);
    const std::string predicted =
        mistake.predicted ? report::csv_name(source.classes()[*mistake.predicted]) : "";
    ++place;
    text += fmt::format("{},{},{},{},{},{:.6f},{:.6f},{}\n", place, sample,
                        report::csv_name(source.name(sample)),
                        report::csv_name(source.classes()[mistake.label]), predicted,
                        without_nan_sign(mistake.probability), without_nan_sign(mistake.loss),
                        write_thumbnail(folder, source, sample, place));
  }
  replace_file(folder / "mistakes.csv", text);
}

std::string per_cent(double share) {
  return std::isnan(share) ? "" : fmt::format("{:.4f}", 100 * share);
}

/// A row for each class; no precision where it has no image.
void write_class_figures(const MultiLabelFigures& figures, std::span<const std::string> names,
                         const fs::path& csv) {
  std::string text = "class,id,images,found,wrong,ap,f1\n";
  for (std::size_t i = 0; i < figures.classes.size(); ++i) {
    const ClassFigures& each = figures.classes[i];
    text += fmt::format("{},{},{},{},{},{},{}\n", i, report::csv_name(names[i]), each.images,
                        each.found, each.wrong, per_cent(each.ap),
                        each.images == 0 ? "" : per_cent(each.f1()));
  }
  replace_file(csv, text);
}

void add_origin(nlohmann::ordered_json& summary, const EvalOrigin& origin) {
  if (origin.weights) summary["weights"] = *origin.weights;
  if (origin.step) summary["step"] = *origin.step;
}

void write_summary(const nlohmann::ordered_json& summary, const fs::path& folder) {
  replace_file(folder / "eval.json",
               summary.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void write_multi_label_files(const fs::path& folder, const EvalCounts& counts,
                             const data::Source& source, const EvalOrigin& origin) {
  const MultiLabelFigures& figures = *counts.multi_label;
  // What an evaluation of images with one class each has left.
  for (const char* name :
       {"confusion.csv", "confusion_pairs.csv", "confusion.png", "mistakes.csv", "mistakes"}) {
    remove_tree(folder / name);
  }
  nlohmann::ordered_json summary;
  add_origin(summary, origin);
  summary["images"] = counts.images;
  summary["map"] = 100 * figures.map();
  summary["micro_f1"] = 100 * figures.micro_f1();
  summary["macro_f1"] = 100 * figures.macro_f1();
  summary["loss"] = counts.loss();
  summary["classes_without_images"] = figures.classes_without_images();
  write_class_figures(figures, source.classes(), folder / "per_class.csv");
  write_summary(summary, folder);
}

}  // namespace

void write_eval_files(const fs::path& folder, const EvalCounts& counts, const EvalDetails& details,
                      const data::Source& source, const EvalOrigin& origin) {
  make_folders(folder);
  if (counts.multi_label) return write_multi_label_files(folder, counts, source, origin);
  nlohmann::ordered_json summary;
  add_origin(summary, origin);
  summary["images"] = counts.images;
  summary["top1"] = counts.top1;
  summary["top5"] = counts.top5;
  summary["acc1"] = counts.acc1();
  summary["acc5"] = counts.acc5();
  summary["loss"] = counts.loss();
  summary["calibration_error"] = details.calibration_error();
  summary["without_prediction"] = details.without_prediction();
  write_per_class(details, source.classes(), folder / "per_class.csv");
  write_confusion(details, source.classes(), folder);
  draw_confusion(details, folder / "confusion.png");
  write_mistakes(folder, details, source);
  write_summary(summary, folder);
}

}  // namespace imgcls::train
