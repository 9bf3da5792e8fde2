#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/log/csv_field.h>
#include <imgcls/train/eval_files.h>

#include <fmt/format.h>

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

}  // namespace

void write_eval_files(const fs::path& folder, const EvalCounts& counts, const EvalDetails& details,
                      const data::Source& source, const EvalOrigin& origin) {
  make_folders(folder);
  nlohmann::ordered_json summary;
  if (origin.weights) summary["weights"] = *origin.weights;
  if (origin.step) summary["step"] = *origin.step;
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
  replace_file(folder / "eval.json",
               summary.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace imgcls::train
