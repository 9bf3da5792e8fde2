#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>
#include <imgcls/core/file.h>
#include <imgcls/core/parallel.h>
#include <imgcls/image/decode.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/predict/classifier.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/input.h>
#include <imgcls/train/trained_run.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace imgcls {
namespace {

data::EvalOptions complete(data::EvalOptions transform, const std::string& model) {
  if (transform.size == 0) transform.size = models::info(model).input_size;
  if (transform.resize < 0) transform.resize = data::usual_resize(transform.size);
  return transform;
}

std::vector<data::ClassName> or_imagenet(const std::vector<data::ClassName>& classes) {
  return classes.empty() ? data::imagenet_classes() : classes;
}

models::Model with_weights(const ClassifierOptions& options, std::size_t classes, const Log& log) {
  models::Model model = models::create(options.model, {.classes = static_cast<int>(classes)});
  const std::filesystem::path weights = train::weights_at(options.weights, log);
  for (const std::string& note : models::load_weights(model, weights, {.key = options.key})) {
    log.info(note);
  }
  return model;
}

std::string no_prediction(std::string_view image) {
  return fmt::format(
      "{}: the model gives a NaN for it, so there is no prediction; look at its weights", image);
}

}  // namespace

Classifier::Classifier(models::Model model, std::vector<data::ClassName> classes,
                       const data::EvalOptions& transform,
                       const train::Normalization& normalization, bool flip, bool multi_label)
    : model_(std::move(model)),
      classes_(std::move(classes)),
      transform_(transform),
      normalization_(normalization),
      flip_(flip),
      multi_label_(multi_label) {
  model_.train(false);
  model_.to_channels_last();
}

Classifier::Classifier(const ClassifierOptions& options, const Log& log)
    : Classifier(with_weights(options, or_imagenet(options.classes).size(), log),
                 or_imagenet(options.classes), complete(options.transform, options.model),
                 options.normalization, options.flip, options.multi_label) {}

Classifier Classifier::from_run(const std::filesystem::path& run, const Log& log,
                                train::RunWeights which) {
  train::TrainedRun found = train::open_run(run, which, log);
  const train::RunOptions& options = found.options;
  return {std::move(found.model),     std::move(found.classes), options.eval.transform,
          options.data.normalization, options.eval.flip,        options.data.multi_label};
}

std::vector<Prediction> Classifier::classify(const std::filesystem::path& file, int top) const {
  return classify(read_file(file), file.string(), top);
}

std::vector<Prediction> Classifier::classify(std::span<const std::byte> file, std::string_view name,
                                             int top) const {
  auto predictions = predict(pixels(file, name), top).front();
  if (predictions.empty()) throw WeightsError(no_prediction(name));
  return predictions;
}

std::vector<Classified> Classifier::classify(std::span<const std::filesystem::path> files, int top,
                                             int threads) const {
  std::vector<Classified> results(files.size());
  std::vector<std::vector<std::uint8_t>> images(files.size());
  data::run_parallel(
      files.size(), threads,
      [&](std::size_t i, std::size_t) {
        try {
          images[i] = pixels(read_file(files[i]), files[i].string());
        } catch (const Error& e) {
          results[i].error = e.what();
        } catch (const std::exception& e) {
          results[i].error = fmt::format("cannot read {}: {}", files[i].string(), error_text(e));
        }
      },
      [] { return true; });
  std::vector<std::uint8_t> batch;
  for (const auto& image : images) batch.insert(batch.end(), image.begin(), image.end());
  auto predictions = predict(batch, top);
  auto next = predictions.begin();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!results[i].error.empty()) continue;
    results[i].top = std::move(*next++);
    if (results[i].top.empty()) results[i].error = no_prediction(files[i].string());
  }
  return results;
}

std::vector<std::uint8_t> Classifier::pixels(std::span<const std::byte> file,
                                             std::string_view name) const {
  data::Image image;
  normalization_.bits == 16 ? data::decode_grey16(file, name, image)
                            : data::decode(file, name, image);
  const auto side = static_cast<std::size_t>(transform_.size);
  std::vector<std::uint8_t> output(side * side * 3 * static_cast<std::size_t>(transform_.crops));
  data::apply(data::plan_eval(image.size, transform_), image, output);
  return output;
}

std::vector<std::vector<Prediction>> Classifier::predict(std::span<const std::uint8_t> images,
                                                         int top) const {
  if (images.empty()) return {};
  const at::NoGradGuard no_grad;
  const at::Tensor input = train::normalize(images, transform_.size, normalization_);
  const at::Tensor logits = train::eval_logits(model_, input, transform_.crops, flip_);
  const auto shown = std::min<std::int64_t>(top, logits.size(1));
  // By the logits: of infinite ones, the softmax is NaN.
  const auto [sorted, order] = logits.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true);
  const at::Tensor labels = order.slice(1, 0, shown).contiguous();
  const at::Tensor values = (multi_label_ ? logits.sigmoid() : logits.softmax(1)).gather(1, labels);
  const at::Tensor broken = logits.isnan().any(1);
  std::vector<std::vector<Prediction>> all(static_cast<std::size_t>(logits.size(0)));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (broken.const_data_ptr<bool>()[i]) continue;
    const auto row = static_cast<std::int64_t>(i) * shown;
    for (std::int64_t k = 0; k < shown; ++k) {
      all[i].push_back({labels.const_data_ptr<std::int64_t>()[row + k],
                        values.const_data_ptr<float>()[row + k]});
    }
  }
  return all;
}

}  // namespace imgcls
