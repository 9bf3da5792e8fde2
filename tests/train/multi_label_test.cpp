// Runs on images with any number of classes each.
#include "../support/multi_label_source.h"
#include "../support/temp_folder.h"
#include "../support/toy_run.h"
#include "../support/wrapped_source.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/multi_label.h>
#include <imgcls/train/recipe/combinations.h>
#include <imgcls/train/recipe/mix.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::MultiLabelSource;
using test::train_toy;

namespace {

train::RunOptions options_of(const std::filesystem::path& folder) {
  train::RunOptions options = test::toy_options(folder);
  options.label_smoothing = 0;
  options.data.multi_label = true;
  options.loss.name = "bce";
  options.eval.metric = train::Metric::map;
  return options;
}

train::TrainResult train_corners(const train::RunOptions& options) {
  return train_toy(options, std::make_shared<MultiLabelSource>(70, 1),
                   std::make_shared<MultiLabelSource>(50, 2));
}

/// Every third image cannot be read.
class Broken final : public test::WrappedSource {
 public:
  Broken() : WrappedSource(std::make_shared<MultiLabelSource>(50, 2)) {}
  data::Sample read(std::size_t index) const override {
    if (index % 3 == 0) throw DataError(name(index) + " is broken");
    return WrappedSource::read(index);
  }
};

train::EvalCounts evaluated(const models::Model& model, std::shared_ptr<const data::Source> source,
                            std::size_t batch, data::OnError on_error = data::OnError::stop) {
  data::Loader loader(std::move(source), {.batch = batch,
                                          .on_error = on_error,
                                          .transform = data::EvalOptions{.size = 12, .resize = 0}});
  const train::InputStage input({}, "cpu", true);
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  return train::evaluate(model, loader, input, *world, false, [](std::size_t) { return true; });
}

void check_refused(const std::function<void(train::RunOptions&)>& change, const std::string& why) {
  const test::TempFolder folder;
  train::RunOptions options = options_of(folder / "run");
  change(options);
  INFO(why);
  CHECK_THROWS_WITH(train_corners(options), Contains(why));
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace

TEST_CASE("a run learns any number of classes an image, and leaves mAP in its files") {
  const test::TempFolder folder;
  for (const char* loss : {"bce", "sigmoid_focal", "asymmetric_multi_label"}) {
    INFO(loss);
    train::RunOptions options = options_of(folder / loss);
    options.loss.name = loss;
    options.epochs = 20;
    options.checkpoint.best = true;
    const train::TrainResult result = train_corners(options);
    REQUIRE(result.eval);
    REQUIRE(result.eval->multi_label);
    CHECK(result.eval->images == 50);
    CHECK(result.eval->multi_label->map() > 0.95);
    CHECK(result.position.best.metric == train::Metric::map);
    CHECK(result.position.best.value >= 100 * result.eval->multi_label->map());

    const std::string log = read_text(folder / (std::string(loss) + "/train_log.csv"));
    CHECK_THAT(log, Catch::Matchers::StartsWith("epoch,step,train_loss,val_loss,val_map,"
                                                "val_micro_f1,val_macro_f1,time,checkpoint_dir\n"));
    CHECK(std::count(log.begin(), log.end(), '\n') == 21);
    const std::filesystem::path eval = folder / (std::string(loss) + "/eval");
    const auto summary = nlohmann::json::parse(read_text(eval / "eval.json"));
    CHECK(summary.at("map") == 100 * result.eval->multi_label->map());
    CHECK(summary.at("loss") == result.eval->loss());
    CHECK_FALSE(summary.contains("top1"));
    CHECK_THAT(read_text(eval / "per_class.csv"),
               Catch::Matchers::StartsWith("class,id,images,found,wrong,ap,f1\n0,north-west,"));
    CHECK_FALSE(std::filesystem::exists(eval / "confusion.csv"));
    const auto best =
        nlohmann::json::parse(read_text(folder / (std::string(loss) + "/best/best.json")));
    CHECK(best.at("metric") == "map");
    CHECK(best.at("val_map") == best.at("value"));
  }
}

TEST_CASE("a run on any number of classes that stops and goes on ends with the same bits") {
  for (const auto by : {train::MixBy::batch, train::MixBy::pair, train::MixBy::element}) {
    const test::TempFolder folder;
    train::RunOptions options = options_of("");
    options.mix = {.kinds = {"mixup", "cutmix", "resize_mix"}, .prob = 0.8, .by = by};
    options.erase.prob = 0.3;
    options.accumulate = 2;
    options.loss.class_weights = {1, 2, 0.5, 1};
    const auto weights = [&](const char* name, std::initializer_list<int> stops) {
      options.folder = folder / name;
      for (const int stop : stops) {
        options.max_steps = stop;
        train_corners(options);
      }
      options.max_steps = 0;
      return read_file(train_corners(options).checkpoint / "weights.safetensors");
    };
    const bool same = weights("straight", {}) == weights("stopped", {1, 4, 6});
    CHECK(same);
  }
}

TEST_CASE("an evaluation of any number of classes is the same however it is cut into batches") {
  const models::Model model = test::toy_model();
  const auto source = std::make_shared<MultiLabelSource>(50, 2);
  const train::EvalCounts whole = evaluated(model, source, 50);
  REQUIRE(whole.multi_label);
  for (const std::size_t batch : {7, 20}) {
    const train::EvalCounts cut = evaluated(model, source, batch);
    CHECK(cut.images == 50);
    CHECK(cut.multi_label->map() == Approx(whole.multi_label->map()).epsilon(1e-3));
    CHECK(cut.loss() == Approx(whole.loss()).epsilon(1e-6));
  }

  // The loss is the mean binary cross-entropy.
  const at::NoGradGuard no_grad;
  models::Model still = model;
  still.train(false);
  std::vector<at::Tensor> logits;
  at::Tensor rows = at::zeros({50, 4});
  for (std::int64_t i = 0; i < 50; ++i) {
    const data::Image image = data::read_image(*source, static_cast<std::size_t>(i));
    logits.push_back(still.forward(train::normalize(image.pixels, 12, {})));
    const auto labels = source->label_set(static_cast<std::size_t>(i));
    for (const std::int64_t label : labels.value()) rows[i][label] = 1;
  }
  const double loss = at::binary_cross_entropy_with_logits(at::cat(logits), rows).item<double>();
  CHECK(whole.loss() == Approx(loss).epsilon(1e-6));
}

TEST_CASE("images that cannot be read are left out of mAP") {
  const models::Model model = test::toy_model();
  const train::EvalCounts counts =
      evaluated(model, std::make_shared<Broken>(), 20, data::OnError::skip);
  CHECK(counts.images == 33);
  std::int64_t images = 0, expected = 0;
  for (const train::ClassFigures& each : counts.multi_label->classes) images += each.images;
  for (std::size_t i = 0; i < 50; ++i) {
    if (i % 3 != 0) expected += std::ssize(*MultiLabelSource(50, 2).label_set(i));
  }
  CHECK(images == expected);
}

TEST_CASE("average precision counts equal logits at once, and is none without images or numbers") {
  const auto figures = [](const std::vector<float>& logits, std::initializer_list<bool> has) {
    return train::class_figures(logits, {has.begin(), has.size()});
  };
  CHECK(figures({3, 2, 1, 0}, {true, false, true, false}).ap == Approx((1 + 2.0 / 3) / 2));
  CHECK(figures({1, 1, 1, 1}, {true, false, true, false}).ap == 0.5);
  CHECK(figures({0, 1}, {true, false}).ap == 0.5);
  CHECK(std::isnan(figures({0, 1}, {false, false}).ap));
  CHECK(std::isnan(figures({std::nanf(""), 1}, {true, false}).ap));
  const train::ClassFigures counted = figures({3, -2, 1, 0, 0.5}, {true, true, true, false, false});
  CHECK(counted.images == 3);
  CHECK(counted.found == 2);
  CHECK(counted.wrong == 1);
  CHECK(counted.f1() == Approx(2.0 / 3));
  CHECK(train::ClassFigures{}.f1() == 0);
}

TEST_CASE("rows of labels are mixed as their images are") {
  for (const auto by : {train::MixBy::batch, train::MixBy::pair, train::MixBy::element}) {
    const auto mixer = train::make_mixer({.kinds = {"mixup", "cutmix", "resize_mix"}, .by = by});
    for (std::int64_t step = 0; step < 20; ++step) {
      // Image i is of value i alone, and of class i: a row tells how much of each is in it.
      const at::Tensor values = at::arange(12, at::kFloat);
      train::TrainBatch batch{
          .images = values.view({12, 1, 1, 1}).expand({12, 3, 10, 10}).clone(),
          .targets = {.labels = at::zeros({12}, at::kLong), .sets = at::eye(12)}};
      mixer->before_forward({.seed = 1, .step = step}, batch);
      CHECK_FALSE(batch.targets.is_mixed());
      const at::Tensor told = batch.targets.sets.matmul(values);
      CHECK(at::allclose(batch.images.mean({1, 2, 3}), told, 1e-4, 1e-4));
      CHECK(at::allclose(batch.targets.sets.sum(1), at::ones({12})));
    }
  }
}

TEST_CASE("what needs one class an image is refused for several, before a run's folder is made") {
  const auto set_loss = [](const char* name) {
    return [=](train::RunOptions& o) { o.loss.name = name; };
  };
  for (const char* loss : {"cross_entropy", "focal", "poly", "asymmetric"}) {
    check_refused(set_loss(loss), "take asymmetric_multi_label, bce, sigmoid_focal");
  }
  check_refused(
      [](auto& o) {
        o.loss.name = "jsd";
        o.augment.views = 2;
        o.augment.policy = "augmix";
      },
      "loss.name=jsd does not go with data.multi_label=true");
  check_refused([](auto& o) { o.eval.metric = train::Metric::acc1; }, "take map or loss");
  check_refused([](auto& o) { o.label_smoothing = 0.1; }, "train.label_smoothing=0.1");
  check_refused([](auto& o) { o.data.sampling = data::Sampler::balanced; },
                "data.sampling=balanced");
  check_refused([](auto& o) { o.loss.balanced = true; }, "loss.balanced=true");
  check_refused([](auto& o) { o.distillation.teacher = test::toy_model(); }, "distillation.*");
  check_refused(
      [](auto& o) {
        o.data.multi_label = false;
        o.eval.metric = train::Metric::loss;
      },
      "the training data's images have any number of classes each, and data.multi_label=false: "
      "give data.multi_label=true");
  const test::TempFolder folder;
  CHECK_THROWS_WITH(train_toy(options_of(folder / "run")),
                    Contains("the training data's images have one class each"));
  train::RunOptions single = test::toy_options(folder / "run");
  single.eval.metric = train::Metric::map;
  CHECK_THROWS_WITH(train_toy(single), Contains("eval.metric=map is for data.multi_label=true"));
}

TEST_CASE("figures of any number of classes reach a program's callbacks") {
  const test::TempFolder folder;
  train::RunOptions options = options_of(folder / "run");
  std::vector<double> heard;
  options.callbacks.evaluation = [&](const train::EvaluationDone& done) {
    heard.push_back(done.counts.multi_label.value().map());
  };
  const train::TrainResult result = train_corners(options);
  REQUIRE(heard.size() == 2);
  CHECK(heard.back() == result.eval->multi_label->map());
}
