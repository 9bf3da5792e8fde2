// The configuration of a run that was made in C++.
#include "../support/temp_folder.h"
#include "../support/toy_net.h"
#include "../support/toy_source.h"

#include <imgcls/augment/policies.h>
#include <imgcls/core/config.h>
#include <imgcls/core/file.h>
#include <imgcls/core/schema.h>
#include <imgcls/models/registry.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/own_config.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace imgcls;
using Catch::Contains;
using nlohmann::json;

namespace {

/// No value is its key's default; of ingredients, those of the chosen ones.
const char* const kConfig = R"({
  "data": {"name": "birds", "format": "list", "root": "photos", "train": "train.txt", "val": "val.txt",
           "index": "indexes", "stage_dir": "scratch", "image_key": "png",
           "classes": ["wren", "$'caf\\xe9'"], "mean": [0.1, 0.1, 0.1], "std": [0.4, 0.4, 0.4], "channels": 1,
           "on_error": "skip",
           "sampling": "balanced", "repeats": 3,
           "threads": 3, "prefetch": 5, "timeout_s": 70},
  "model": {"name": "resnet18", "zero_init_residual": true, "stem": "small", "blur_pool": true, "drop_path": 0.1,
            "weights": "r18.pth", "weights_key": "ema", "new_head": true, "freeze": ["layer1"], "unfreeze_epoch": 2},
  "augment": {"crop": "random_resized_dali", "size": 48, "area": [0.2, 0.9], "aspect": [0.8, 1.2], "tries": 7,
              "interpolation": "bicubic", "pad": 3, "pad_mode": "zero", "flip": 0.25,
              "policy": "rand_augment", "rand_augment": {"num_ops": 3, "magnitude": 5, "bins": 11,
              "interpolation": "bilinear", "fill": [1, 2, 3]},
              "operations": [{"name": "gaussian_blur", "sigma": [0.5, 1.5], "p": 0.25},
                             {"name": "one_of", "operations": [{"name": "invert"}]}]},
  "eval": {"fast_convolutions": true, "size": 56, "resize": 60, "crops": 10, "interpolation": "bilinear_no_antialias", "batch": 33,
           "flip": true, "every_epochs": 2, "bn_images": 48, "metric": "loss"},
  "progressive": {"size": 32, "ramp": [1, 3], "multiple": 16, "stages": 2, "magnitude": 2, "mixup_alpha": 0.1},
  "train": {"epochs": 4, "epoch_size": 480, "batch": 24, "accumulate": 2, "max_steps": 11, "max_hours": 2.5, "patience": 3, "seed": 5,
            "label_smoothing": 0.1, "precision": "bf16", "recompute": ["layer1"], "sync_bn": true, "broadcast_buffers": true,
            "channels_last": false, "tf32": false, "threads": 2, "fast_convolutions": "off", "deterministic": false},
  "optimizer": {"name": "adamw", "lr": 0.02, "momentum": 0.8, "nesterov": true, "betas": [0.8, 0.99],
                "eps": 1e-6, "weight_decay": 1e-4, "cautious": true,
                "no_decay": ["norm", "vector"], "layer_decay": 0.9,
                "groups": [{"pattern": "bn", "weight_decay": 0}, {"pattern": "fc", "lr_scale": 2}]},
  "schedule": {"name": "constant", "warmup_epochs": 1.5, "warmup_from": 0.1, "final_lr": 0.001,
               "final_weight_decay": 0.3,
               "batch_scaling": "linear", "base_batch": 128},
  "erase": {"prob": 0.2, "area": [0.1, 0.2], "aspect": [0.5, 2], "with": "noise"},
  "mix": {"kinds": ["mixup", "resize_mix"], "prob": 0.5, "by": "pair", "mixup": {"alpha": 0.3},
          "resize_mix": {"scale": [0.2, 0.5]}},
  "loss": {"name": "bce", "class_weights": [1, 2.5], "balanced": true, "bce": {"sum": true, "threshold": 0.2}},
  "sam": {"rho": 0.1, "adaptive": true},
  "distillation": {"model": "resnet50", "weights": "r50.pth", "kind": "hard", "temperature": 2, "weight": 0.7},
  "clip": {"name": "norm", "norm": {"most": 2}},
  "average": {"name": "ema", "every_steps": 2, "from_epoch": 1.5, "buffers": false,
              "ema": {"decay": 0.9, "warmup": true}},
  "checkpoint": {"every_epochs": 3, "every_steps": 9, "keep": 6, "best": true, "resume": "changed"},
  "log": {"every": 8, "tensorboard": false, "wandb": true, "wandb_project": "p", "samples": true},
  "profile": {"steps": "3-4"},
  "run": {"dir": "here"},
  "dist": {"compress": "fp16"}
})";

/// What is known before there is a run.
bool is_told_otherwise(const std::string& key) {
  return key == "dist.device" || key == "dist.timeout_s";
}

json value_at(const json& config, std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  return config.at(json::json_pointer("/" + key));
}

bool has(const json& config, std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  return config.contains(json::json_pointer("/" + key));
}

/// The section with every ingredient's options as they are when it is chosen.
void check_choices(const std::string& section, const std::string& choice,
                   const std::vector<std::string>& names) {
  const test::ToySource source(10, 1);
  for (const std::string& name : names) {
    INFO(section << "." << choice << "=" << name);
    const bool list = section == "mix";
    std::vector<std::string> arguments{
        "data.root=photos", "model.name=resnet18",
        "schedule.name=constant",  // which goes with all optimizers
        section + "." + choice + "=" + (list ? "[\"" + name + "\"]" : name)};
    if (name == "jsd") {  // which compares views
      for (const char* more : {"augment.views=2", "augment.policy=augmix"})
        arguments.push_back(more);
    }
    const Config config = Config::load(arguments);
    const json own = json::parse(
        train::own_config(train::run_options(config), test::toy_model(), source, source));
    CHECK(own.at(section) == config.json().at(section));
    CHECK(own.at("augment") == config.json().at("augment"));
  }
}

}  // namespace

TEST_CASE("each ingredient's own options are written as they were read") {
  check_choices("augment", "policy", data::policies().names());
  check_choices("optimizer", "name", optim::optimizers().names());
  check_choices("schedule", "name", optim::schedules().names());
  check_choices("mix", "kinds", train::mixes().names());
  check_choices("loss", "name", train::losses().names());
  check_choices("clip", "name", train::clips().names());
  check_choices("average", "name", train::averages().names());
}

TEST_CASE("16 bits are written as they were read") {
  const std::vector<std::string> arguments{"data.root=photos",        "model.name=resnet18",
                                           "data.channels=1",         "data.bits=16",
                                           "data.mean=[0.5,0.5,0.5]", "data.std=[0.2,0.2,0.2]"};
  const Config config = Config::load(arguments);
  const test::ToySource source(10, 1);
  const json own =
      json::parse(train::own_config(train::run_options(config), test::toy_model(), source, source));
  CHECK(own.at("data").at("bits") == 16);
}

TEST_CASE("options as a configuration give these options again, key by key") {
  const Config config = Config::parse(kConfig);
  auto model = models::create("resnet18", {.classes = 2,
                                           .zero_init_residual = true,
                                           .stem = models::Stem::small,
                                           .drop_path = 0.1,
                                           .blur_pool = true});
  model.freeze("layer1");
  const test::ToySource source(10, 1);
  const json own =
      json::parse(train::own_config(train::run_options(config), model, source, source));
  int compared = 0;
  for (const std::string& key : config_keys()) {
    const json* schema = find_key(key);
    if (!schema->contains("default") || is_told_otherwise(key)) continue;
    if (!has(config.json(), key)) continue;      // of an ingredient that is not chosen
    if (key == "distillation.run") continue;     // stands instead of distillation.model
    if (key == "train.shards") continue;         // does not go with train.accumulate and others
    if (key == "data.bits") continue;            // does not go with augment.policy
    if (key == "augment.views") continue;        // does not go with mix.kinds
    if (key == "data.multi_label") continue;     // does not go with data.sampling=balanced, others
    if (key == "progressive.dropout") continue;  // the model has none
    if (key == "model.dropout" || key == "model.width" || key == "model.image_size") continue;
    INFO(key);
    CHECK(value_at(config.json(), key) !=
          schema->at("default"));  // else the next line says nothing
    CHECK(value_at(own, key) == value_at(config.json(), key));
    ++compared;
  }
  CHECK(compared > 50);
  for (const char* key : {"data.root", "model.name"}) {
    CHECK(value_at(own, key) == value_at(config.json(), key));
  }
}

TEST_CASE("options that a model may take give these options again") {
  const test::ToySource source(10, 1);
  const auto own = [&](const char* name, const models::ModelOptions& options) {
    const json config =
        json::parse(train::own_config({}, models::create(name, options), source, source));
    return train::run_options(Config::parse(config.dump())).model;
  };
  CHECK(own("resnet9", {.classes = 4, .width = 8}).width == 8);
  CHECK(own("squeezenet1_1", {.classes = 4, .dropout = 0.25}).dropout == 0.25);
  CHECK_FALSE(own("squeezenet1_1", {.classes = 4}).dropout);
  CHECK(own("efficientnet_lite0", {.classes = 4, .image_size = 64}).image_size == 64);
}

TEST_CASE("a model and sources are what they are, whatever the options ask for") {
  const test::ToySource source(10, 1);
  train::RunOptions options;
  options.model = {.name = "resnet50", .width = 8, .weights = "w.pth", .freeze = {"fc"}};
  const json own = json::parse(train::own_config(options, test::toy_model(), source, source));
  CHECK(value_at(own, "model.name") == "toy");
  CHECK(value_at(own, "model.width") == 0);
  CHECK(value_at(own, "model.freeze") == json::array());
  CHECK(value_at(own, "model.weights") == "w.pth");

  const std::filesystem::path mnist = "/usr/share/datasets/fashion-mnist";
  const auto idx =
      data::open_idx(mnist / "t10k-images-idx3-ubyte.gz", mnist / "t10k-labels-idx1-ubyte.gz");
  options.data = {.name = "fashion", .root = "elsewhere", .index = "indexes"};
  const json moved = json::parse(train::own_config(options, test::toy_model(), *idx, *idx));
  CHECK(value_at(moved, "data.root") == mnist.string());
  CHECK(value_at(moved, "data.format") == "idx");
  CHECK(value_at(moved, "data.name") == "fashion");
  CHECK(value_at(moved, "data.index") == "indexes");

  options.data.stage_dir = "/scratch";  // the sources are copies
  const json staged = json::parse(train::own_config(options, test::toy_model(), *idx, *idx));
  CHECK(value_at(staged, "data.root") == "elsewhere");
  CHECK(value_at(staged, "data.format") == "folder");
}

TEST_CASE("what options in C++ compose leaves the configuration of the same run") {
  train::RunOptions options;
  options.data.format = "idx";
  options.data.root = "/usr/share/datasets/fashion-mnist";
  options.data.train = options.data.val = "t10k";
  options.data.normalization.channels = 1;
  options.data.normalization.mean = options.data.normalization.std = {0.3, 0.3, 0.3};
  options.augment.size = 28;
  options.model = {.name = "resnet9", .width = 4, .freeze = {"prep"}, .unfreeze_epoch = 2};
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  const train::Parts parts = train::compose(options, *world);
  CHECK(parts.train->size() == 10000);
  CHECK(models::channels_of(parts.model) == 1);
  CHECK(parts.model.made_with()->stem == models::Stem::small);

  const auto own =
      json::parse(train::own_config(parts.options, parts.model, *parts.train, *parts.val));
  const train::RunOptions again = train::run_options(Config::parse(own.dump()));
  CHECK(again.data.format == "idx");
  CHECK(again.data.root == options.data.root);
  CHECK(again.data.train == "t10k");
  CHECK(again.data.classes == parts.train->classes());
  CHECK(again.model.name == "resnet9");
  CHECK(again.model.width == 4);
  CHECK(again.model.stem == train::StemChoice::small);
  CHECK(again.model.freeze == options.model.freeze);
  CHECK(again.model.unfreeze_epoch == 2);
}

TEST_CASE("options in C++ that name no data or no model are refused") {
  const auto world = dist::launch({.device = dist::DeviceKind::cpu});
  train::RunOptions options;
  CHECK_THROWS_WITH(train::compose(options, *world), Contains("data.root is empty"));
  options.data.root = "/usr/share/datasets/fashion-mnist";
  options.data.format = "idy";
  CHECK_THROWS_WITH(train::compose(options, *world),
                    Contains("data.format: no \"idy\"; did you mean \"idx\"?"));
  options.data.format = "idx";
  options.data.train = options.data.val = "t10k";
  CHECK_THROWS_WITH(train::compose(options, *world), Contains("no model \"\""));
}

TEST_CASE("what a program froze is told of, and when that ends") {
  const test::ToySource source(10, 1);
  train::RunOptions options;
  options.model.unfreeze_epoch = 3;
  models::Model model = test::toy_model();
  model.freeze("conv");
  model.freeze("nothing");
  const json own = json::parse(train::own_config(options, model, source, source));
  CHECK(own.at("model").at("freeze") == json{"conv"});
  CHECK(own.at("model").at("unfreeze_epoch") == 3);
}

TEST_CASE("shards are told of as a configuration names them") {
  const test::ToySource source(10, 1);
  train::RunOptions options;
  options.shards = 4;
  const json own = json::parse(train::own_config(options, test::toy_model(), source, source));
  CHECK(own.at("train").at("shards") == 4);
}

TEST_CASE("images with any number of classes are told of as a configuration names them") {
  const test::ToySource source(10, 1);
  train::RunOptions options;
  options.data.multi_label = true;
  options.loss.name = "bce";
  options.eval.metric = train::Metric::map;
  const json own = json::parse(train::own_config(options, test::toy_model(), source, source));
  CHECK(own.at("data").at("multi_label") == true);
  CHECK(own.at("eval").at("metric") == "map");

  const test::TempFolder folder;
  std::filesystem::create_directories(folder / "img");
  folder.write("img/a.jpg", "x");
  const auto list = data::open_list(folder.write("train.txt", "img/a.jpg,dog,cat\n"),
                                    {.multi_label = true, .classes = {}, .training = {}});
  const json listed = json::parse(train::own_config(options, test::toy_model(), *list, *list));
  CHECK(value_at(listed, "data.format") == "list");
  CHECK(value_at(listed, "data.root") == folder.path().string());
  CHECK(value_at(listed, "data.train") == "train.txt");
  CHECK(value_at(listed, "data.classes") == json{"cat", "dog"});
}

TEST_CASE("a teacher is told of as a configuration names it, or by its name") {
  const test::ToySource source(10, 1);
  const auto told = [&](const train::RunOptions& options) {
    return json::parse(train::own_config(options, test::toy_model(), source, source))
        .at("distillation");
  };
  train::RunOptions options;
  options.distillation = {.run = "runs/x", .teacher = test::toy_model()};
  CHECK(told(options).at("run") == "runs/x");
  CHECK(told(options).at("model") == "");
  options.distillation.run.clear();
  CHECK(told(options).at("model") == "toy");
  CHECK(told(options).at("weights") == "(given by a program)");
}

TEST_CASE("a source says where it lies, or that it does not know") {
  const models::Model model = test::toy_model();
  const test::ToySource toy(10, 1);
  const json unknown = json::parse(train::own_config({}, model, toy, toy));
  CHECK(value_at(unknown, "model.name") == model.name());
  CHECK(value_at(unknown, "data.root") == "(given by a program)");

  const std::filesystem::path mnist = "/usr/share/datasets/fashion-mnist";
  const auto part = [&](const std::string& name) {
    return data::open_idx(mnist / (name + "-images-idx3-ubyte.gz"),
                          mnist / (name + "-labels-idx1-ubyte.gz"));
  };
  const json idx = json::parse(train::own_config({}, model, *part("train"), *part("t10k")));
  CHECK(value_at(idx, "data.format") == "idx");
  CHECK(value_at(idx, "data.root") == mnist.string());
  CHECK(value_at(idx, "data.train") == "train");
  CHECK(value_at(idx, "data.val") == "t10k");

  std::vector<std::string> names(10, "x");
  names[3] = "caf\xE9";
  const auto named = data::open_idx(mnist / "t10k-images-idx3-ubyte.gz",
                                    mnist / "t10k-labels-idx1-ubyte.gz", names);
  const json config = json::parse(train::own_config({}, model, *named, *named));
  CHECK(value_at(config, "data.classes").at(3) == "$'caf\\xe9'");
}
