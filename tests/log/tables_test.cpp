// train_log.csv, steps.csv and samples.csv: what a run that goes on leaves of them.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/log.h>
#include <imgcls/log/progress.h>
#include <imgcls/log/sample_log.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/train_log.h>

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <limits>
#include <vector>

using namespace imgcls;
using Shares = std::vector<std::string>;

TEST_CASE("samples.csv has a row for each step and is cut back to the step a run goes on from") {
  const test::TempFolder folder;
  const auto path = folder / "samples.csv";
  {
    report::SampleLog log(path, 0);
    log.append(1, 1, Shares{"4 2", "0 10"});
    CHECK(read_text(path) == "step,epoch,samples\n1,1,4 2 0 10\n");  // written at once
    log.append(2, 1, Shares{"1 3", "5 6"});
    log.append(3, 2, Shares{"7 8", "9 1"});
  }
  std::ofstream(path, std::ios::app) << "4,2,half a l";  // what a killed run may leave
  report::SampleLog log(path, 2);
  log.append(3, 2, Shares{"9 9 9 9"});
  CHECK(read_text(path) == "step,epoch,samples\n1,1,4 2 0 10\n2,1,1 3 5 6\n3,2,9 9 9 9\n");
}

TEST_CASE("steps.csv has a row for each logged step, written at once") {
  const test::TempFolder folder;
  const auto path = folder / "steps.csv";
  const std::string header =
      "step,epoch,time,loss,lr,grad_norm,loss_scale,images_per_second,data_wait,memory_mib\n";
  {
    report::StepLog log(path, 0);
    report::StepRow row;
    row.step = 100, row.epoch = 2, row.time_s = 1.5, row.loss = 2.25, row.lr = 1e-3;
    row.grad_norm = 3.5, row.images_per_second = 640, row.data_wait = 0.125, row.memory_mib = 512;
    log.append(row);
    CHECK(read_text(path) == header + "100,2,1.500,2.250000,0.001,3.5,1,640.00,0.1250,512.0\n");
    row.step = 200;
    log.append(row);
  }
  const report::StepLog log(path, 150);
  CHECK(read_text(path) == header + "100,2,1.500,2.250000,0.001,3.5,1,640.00,0.1250,512.0\n");
}

TEST_CASE("a NaN has no sign in the tables and on the progress line, and infinities have theirs") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const test::TempFolder folder;
  report::StepLog steps(folder / "steps.csv", 0);
  report::StepRow step;
  step.step = 1, step.loss = kInf, step.grad_norm = -kNan;
  steps.append(step);
  CHECK_THAT(read_text(folder / "steps.csv"), Catch::Contains("\n1,0,0.000,inf,0,nan,1,"));
  report::TrainLog log(folder / "train_log.csv", 0);
  report::TrainLogRow row;
  row.epoch = 1, row.step = 10, row.val_loss = -kNan;
  log.append(row);
  CHECK_THAT(read_text(folder / "train_log.csv"), Catch::Contains("\n1,10,0.000000,nan,0.0000,"));

  Log written;
  written.add_file(folder / "log.txt");
  report::Progress progress(written, {});
  progress.line("epoch 1/2", {.done = 1, .total = 2, .loss = -kNan});
  progress.line("epoch 1/2", {.done = 1, .total = 2});
  CHECK_THAT(read_text(folder / "log.txt"), Catch::Contains("1/2  0 images/s  loss nan\n") &&
                                                Catch::Contains("1/2  0 images/s\n"));
}

TEST_CASE("train_log.csv is cut back by its second column") {
  const test::TempFolder folder;
  const auto path = folder / "train_log.csv";
  {
    report::TrainLog log(path, 0);
    report::TrainLogRow row;
    row.epoch = 1, row.step = 10;
    log.append(row);
    row.epoch = 2, row.step = 20;
    log.append(row);
  }
  const report::TrainLog log(path, 10);
  const std::string text = read_text(path);
  CHECK(text.find("\n1,10,") != std::string::npos);
  CHECK(text.find("\n2,20,") == std::string::npos);
}

TEST_CASE("train_log.csv has the figures of the data that it is of") {
  const test::TempFolder folder;
  const auto path = folder / "train_log.csv";
  report::TrainLog log(path, 0, report::eval_figures(/*multi_label=*/true));
  report::TrainLogRow row;
  row.epoch = 1, row.step = 10, row.val_loss = 0.5, row.val_acc1 = 7;
  row.val_map = 61.25, row.val_micro_f1 = 50, row.val_macro_f1 = 40.5;
  log.append(row);
  CHECK(read_text(path) ==
        "epoch,step,train_loss,val_loss,val_map,val_micro_f1,val_macro_f1,time,checkpoint_dir\n"
        "1,10,0.000000,0.500000,61.2500,50.0000,40.5000,0.000,\n");
}

TEST_CASE("a samples.csv that cannot be written to is named") {
  const test::TempFolder folder;
  report::SampleLog log(folder / "samples.csv", 0);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{.rlim_cur = 25, .rlim_max = before.rlim_max};  // bytes of a file
  const auto former = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &full);
  std::string message;
  try {
    log.append(1, 1, Shares{"1 2 3 4", "5 6 7 8"});
  } catch (const IoError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, former);
  CHECK_THAT(message,
             Catch::Matchers::StartsWith("cannot write ") &&
                 Catch::Matchers::EndsWith((folder / "samples.csv").string() + ": File too large"));
}
