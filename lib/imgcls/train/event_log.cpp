#include <imgcls/core/file.h>
#include <imgcls/core/utf8.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/train/event_log.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace imgcls::train {
namespace {

/// The first event of an evaluation in the training's file.
constexpr std::string_view kEpochLoss = "epoch_loss";

using Figure = std::pair<std::string_view, double>;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// "/optimizer/groups/0/pattern" as "optimizer.groups.0.pattern".
std::string dotted(std::string_view pointer) {
  std::string key(pointer.substr(1));
  std::ranges::replace(key, '/', '.');
  return key;
}

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string as_table(const nlohmann::json& flat) {
  std::string table = "| key | value |\n| --- | --- |\n";
  for (const auto& [pointer, value] : flat.items()) {
    table += fmt::format("| {} | `{}` |\n", dotted(pointer), dump(value));
  }
  return table;
}

std::vector<report::Hyperparameter> as_hyperparameters(const nlohmann::json& flat) {
  std::vector<report::Hyperparameter> parameters;
  for (const auto& [pointer, value] : flat.items()) {
    const std::string key = dotted(pointer);
    if (value.is_boolean()) {
      parameters.emplace_back(key, value.get<bool>());
    } else if (value.is_number()) {
      parameters.emplace_back(key, value.get<double>());
    } else {
      parameters.emplace_back(key,
                              value.is_string() ? to_utf8(value.get<std::string>()) : dump(value));
    }
  }
  return parameters;
}

}  // namespace

EventLog::EventLog(const SinkContext& context)
    : file_(context.files.train_events() / "events.out.tfevents.*"),
      evaluation_(context.files.evaluation()),
      figures_(report::eval_figures(context.options.data.multi_label)),
      train_(context.files.train_events(), context.step,
             context.evaluated < context.step ? kEpochLoss : ""),
      val_(context.files.val_events(), context.evaluated) {
  if (!context.config.empty()) describe(context.config, context.step);
  flush();
}

void EventLog::flush() {
  train_.flush();
  val_.flush();
}

void EventLog::describe(const std::string& config, std::int64_t step) {
  const nlohmann::json flat = nlohmann::json::parse(config).flatten();
  train_.text("config", step, as_table(flat));
  // TensorBoard's table of hyperparameters takes a run's figures from its own folder and those
  // below it, so they belong where the metric is.
  val_.hyperparameters(as_hyperparameters(flat), figures_[1].name);
}

void EventLog::step(const report::StepRow& row) {
  std::vector<Figure> figures;
  for (const report::StepFigure& figure : report::kStepFigures) {
    figures.emplace_back(figure.name, row.*figure.value);
  }
  train_.scalars(row.step, figures);
  train_.flush();
}

void EventLog::first_batch(const data::Batch& batch, std::int64_t step) {
  constexpr std::size_t kImages = 64;
  constexpr int kAcross = 8;
  const std::size_t bytes = static_cast<std::size_t>(batch.side) * batch.side * 3;
  const auto pixels = std::span(batch.images).first(std::min(kImages, batch.size) * bytes);
  data::Image sheet = data::contact_sheet(pixels, batch.side, kAcross);
  sheet.bits = batch.bits;
  const report::Picture picture{sheet.size.width, sheet.size.height,
                                text_of(data::encode_png(sheet))};
  train_.pictures("augmented", step, {&picture, 1});
  train_.flush();
}

void EventLog::evaluation(const EvaluationReport& report) {
  const report::TrainLogRow& row = report.row;
  train_.scalar(kEpochLoss, row.step, row.train_loss);
  std::vector<Figure> figures;
  for (const report::EvalFigure& figure : figures_) {
    figures.emplace_back(figure.name, row.*figure.value);
  }
  val_.scalars(row.step, figures);
  add_mistakes(row.step);
  add_parameters(row.step, report.model);
  flush();
}

void EventLog::add_mistakes(std::int64_t step) {
  constexpr int kMistakes = 12;
  std::vector<report::Picture> pictures;
  for (int place = 1; place <= kMistakes; ++place) {
    const std::filesystem::path path = evaluation_ / fmt::format("mistakes/{:02}.jpg", place);
    if (!std::filesystem::exists(path)) continue;
    const std::vector<std::byte> file = read_file(path);
    data::Image image;
    data::decode(file, path.string(), image);
    pictures.push_back({image.size.width, image.size.height, text_of(file)});
  }
  if (!pictures.empty()) val_.pictures("mistakes", step, pictures);
}

void EventLog::add_parameters(std::int64_t step, const models::Model& model) {
  const at::NoGradGuard no_grad;
  for (const models::NamedTensor& parameter : model.parameters()) {
    const at::Tensor values = parameter.tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    const std::span all(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()));
    train_.histogram(parameter.name, step, report::make_histogram(all));
  }
}

}  // namespace imgcls::train
