#include "synthetic_run.h"

#include <imgcls/image/encode.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <random>
#include <string_view>

namespace imgcls::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void write(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

/// RFC 4180, as log/csv_field.h writes it.
std::string field(std::string text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

double lr_at(const SyntheticRun& run, double epoch) {
  if (epoch < 2) return run.lr * epoch / 2;
  return run.lr * 0.5 * (1 + std::cos(std::numbers::pi * (epoch - 2) / (run.epochs - 2)));
}

double loss_at(const SyntheticRun& run, double epoch) {
  const double end = 0.9 + 0.3 * std::abs(run.lr - 0.4);
  return end + 1.6 * std::exp(-epoch / (0.2 * run.epochs)) - 0.1 * epoch / run.epochs;
}

void write_config(const fs::path& folder, const SyntheticRun& run) {
  const json config = {
      {"data", {{"name", "cifar10"}, {"root", "data/cifar10"}, {"mean", {0.49, 0.48, 0.45}}}},
      {"model", {{"name", "resnet18"}, {"stem", "small"}}},
      {"train", {{"epochs", run.epochs}, {"batch", 512}, {"seed", run.seed}, {"max_steps", 0}}},
      {"optimizer", {{"name", "sgd"}, {"lr", run.lr}, {"groups", json::array()}}},
      {"log", {{"every", run.every}}},
      {"run", {{"dir", folder.string()}}}};
  write(folder / "config.json", config.dump(2));
  const json session = {{"started", "2026-11-25T07:00:00Z"},
                        {"from_step", 0},
                        {"command", {"train_resnet50", "configs/train/cifar10.json"}},
                        {"imgcls", "0.1.0"},
                        {"libtorch", "2.15.0"},
                        {"compiler", "GCC 12.2.0"},
                        {"git_commit", "0123abc"},
                        {"host", "node-1"},
                        {"cpu", "a processor"},
                        {"cores", 16},
                        {"memory_gib", 62.7},
                        {"device", "cpu"},
                        {"gpu", ""},
                        {"world_size", 2},
                        {"threads", 8},
                        {"new_key", "of a later version"}};
  json sessions = {session};
  if (run.seed == 1) sessions.push_back(session);
  write(folder / "environment.json", json{{"sessions", sessions}}.dump(2));
}

void write_logs(const fs::path& folder, const SyntheticRun& run) {
  std::mt19937 random(static_cast<unsigned>(run.seed) + 1);
  std::normal_distribution<double> noise;
  std::string log = "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n";
  const double speed = 1 + 0.01 * noise(random);
  for (int epoch = 1; epoch <= run.done_epochs; ++epoch) {
    const double part = static_cast<double>(epoch) / run.epochs;
    const double top1 = 95 - 2 * std::abs(run.lr - 0.4) - 55 * std::exp(-4.5 * part) -
                        0.6 * std::abs(noise(random)) * (1.2 - part);
    log += fmt::format("{},{},{:.6f},{:.6f},{:.4f},{:.4f},{:.3f},\n", epoch,
                       epoch * run.steps_per_epoch, loss_at(run, epoch),
                       0.2 + 1.3 * std::exp(-4 * part) + 0.01 * noise(random), top1,
                       100 - (100 - top1) * 0.06, 31.5 * epoch * speed);
  }
  write(folder / "train_log.csv", log);
  std::string steps =
      "step,epoch,time,loss,lr,grad_norm,loss_scale,images_per_second,data_wait,memory_mib\n";
  for (int step = run.every; step <= run.done_epochs * run.steps_per_epoch; step += run.every) {
    const double epoch = static_cast<double>(step) / run.steps_per_epoch;
    steps += fmt::format("{},{},{:.3f},{:.6f},{:.6g},{:.4f},1,{:.1f},{:.4f},{:.0f}\n", step,
                         static_cast<int>(epoch) + 1, 31.5 * epoch * speed,
                         loss_at(run, epoch) + 0.05 * noise(random), lr_at(run, epoch),
                         0.8 + 2 * std::exp(-epoch / 3) + 0.05 * noise(random),
                         1580 / speed + 25 * noise(random), std::abs(0.01 * noise(random)) + 0.004,
                         2100 + 200 * (1 - std::exp(-epoch)));
  }
  write(folder / "steps.csv", steps);
}

void write_thumbnail(const fs::path& file, int number) {
  constexpr int kSide = 96;
  data::Image picture{{kSide, kSide}, std::vector<std::uint8_t>(kSide * kSide * 3)};
  cv::Mat image(kSide, kSide, CV_8UC3, picture.pixels.data());
  image.setTo(cv::Scalar(60 + 12 * number, 170, 200 - 9 * number));
  cv::circle(image, {kSide / 2, 40 + number}, 14 + number, cv::Scalar(190, 60 + 10 * number, 40),
             cv::FILLED, cv::LINE_AA);
  cv::rectangle(image, {10, 70}, {86, 84}, cv::Scalar(60, 90, 60), cv::FILLED);
  const std::vector<std::byte> jpeg = data::encode_jpeg(picture);
  write(file, {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
}

void write_eval(const fs::path& folder, const SyntheticRun& run) {
  const fs::path eval = folder / "eval";
  fs::create_directories(eval / "mistakes");
  const std::size_t classes = run.classes.size();
  constexpr int kImages = 100;
  std::string per_class = "class,id,images,right,acc1,most_often_taken_for\n", header = "class";
  std::string rows;
  int right_of_all = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    std::vector<int> row(classes, 0);
    row[(i + 2) % classes] += static_cast<int>(1 + i * 3 % 7);
    row[(i + 5) % classes] += static_cast<int>(i % 4);
    row[i] = 0;
    row[i] = kImages - std::accumulate(row.begin(), row.end(), 0);
    right_of_all += row[i];
    const std::string id = field(run.classes[i]);
    per_class += fmt::format("{},{},{},{},{:.4f},{}\n", i, id, kImages, row[i], 1.0 * row[i],
                             field(run.classes[(i + 2) % classes]));
    header += "," + id;
    rows += id;
    for (const int images : row) rows += fmt::format(",{}", images);
    rows += "\n";
  }
  write(eval / "per_class.csv", per_class);
  write(eval / "confusion.csv", header + "\n" + rows);
  const double acc1 = static_cast<double>(right_of_all) / static_cast<double>(classes);
  write(eval / "eval.json", json{{"images", kImages * classes},
                                 {"top1", right_of_all},
                                 {"acc1", acc1},
                                 {"loss", 0.21},
                                 {"calibration_error", 0.0213},
                                 {"step", run.done_epochs * run.steps_per_epoch}}
                                .dump());
  std::string mistakes = "place,sample,name,class,predicted,probability,loss,thumbnail\n";
  for (int place = 1; place <= 12; ++place) {
    const auto i = static_cast<std::size_t>(place);
    const std::string thumbnail = fmt::format("mistakes/{:02}.jpg", place);
    write_thumbnail(eval / thumbnail, place);
    mistakes +=
        fmt::format("{},{},{},{},{},{:.6f},{:.4f},{}\n", place, 17 * place,
                    field(fmt::format("test/{}/{:04}.png", run.classes[i % classes], place)),
                    field(run.classes[i % classes]), field(run.classes[(i + 2) % classes]),
                    1 - 0.011 * place, 9 - 0.2 * place, thumbnail);
  }
  write(eval / "mistakes.csv", mistakes);
}

void write_augmented(const fs::path& folder, const SyntheticRun& run) {
  fs::create_directories(folder / "augmented");
  std::string text = "step,sample,label,picture\n";
  for (int i = 1; i <= 8; ++i) {
    const std::string name = fmt::format("{:02}.jpg", i);
    write_thumbnail(folder / "augmented" / name, i);
    text += fmt::format("1,{},{},{}\n", 5 * i, static_cast<std::size_t>(3 * i) % run.classes.size(),
                        name);
  }
  write(folder / "augmented/augmented.csv", text);
}

}  // namespace

void write_run(const fs::path& folder, const SyntheticRun& run) {
  fs::create_directories(folder);
  write_config(folder, run);
  std::string names;
  for (const std::string& name : run.classes) names += name + "\n";
  write(folder / "classes.txt", names);
  write_logs(folder, run);
  if (!run.details) return;
  write_eval(folder, run);
  write_augmented(folder, run);
}

}  // namespace imgcls::test
