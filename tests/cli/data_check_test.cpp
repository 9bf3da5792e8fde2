// imgcls data check: what it finds, its page, its exit codes.
#include "../support/running_program.h"
#include "folder_data.h"

#include <imgcls/core/file.h>
#include <imgcls/core/philox.h>
#include <imgcls/image/encode.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::kImgcls;
using test::run_program;

namespace fs = std::filesystem;

namespace {

std::string check(const FolderData& data, const std::string& more = "") {
  return kImgcls + "data check " + (data / "data").string() + " -o " +
         (data / "page.html").string() + " " + more;
}

/// The first image of a class.
fs::path image(const FolderData& data, const std::string& half, std::size_t class_index) {
  std::vector<fs::path> classes, files;
  for (const auto& entry : fs::directory_iterator(data / "data" / half)) {
    if (entry.is_directory()) classes.push_back(entry.path());
  }
  std::sort(classes.begin(), classes.end());
  for (const auto& entry : fs::directory_iterator(classes.at(class_index))) {
    files.push_back(entry.path());
  }
  return *std::min_element(files.begin(), files.end());
}

}  // namespace

TEST_CASE("data check finds nothing in a data set that is whole") {
  const FolderData data;
  const auto outcome = run_program(check(data));
  INFO(outcome.output);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("60 images in 3 classes, 0 out of balance"));
  CHECK_THAT(outcome.output, Contains("0 files cannot be decoded"));
  CHECK_THAT(outcome.output, Contains("width: 16 to 16, median 16"));
  CHECK_THAT(outcome.output, Contains("data.mean=["));
  const std::string html = read_text(data / "page.html");
  CHECK_THAT(html, Contains("</html>") && !Contains("http"));  // it needs no network
}

TEST_CASE("data check names broken files and images that come twice") {
  const FolderData data;
  const fs::path cut = image(data, "val", 1);
  fs::resize_file(cut, fs::file_size(cut) / 2);
  const fs::path twice = image(data, "train", 0);
  fs::copy_file(twice, image(data, "val", 2).parent_path() / "zz_copy.jpg");
  const auto outcome = run_program(check(data, "--threads 1"));
  INFO(outcome.output);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("1 files cannot be decoded") && Contains(cut.string()));
  CHECK_THAT(outcome.output, Contains("groups of the same image in training and evaluation"));
  const std::string html = read_text(data / "page.html");
  CHECK_THAT(html, Contains("zz_copy.jpg") && Contains(cut.filename().string()));

  CHECK(run_program(check(data, "--threads 2")).code == 1);
  CHECK(read_text(data / "page.html") == html);
}

TEST_CASE("data check tells of a class that only one half has, and of classes out of balance") {
  const FolderData data;
  const fs::path folder = image(data, "train", 0).parent_path();
  fs::create_directories(folder.parent_path() / "zebra");
  fs::copy_file(image(data, "train", 0), folder.parent_path() / "zebra" / "one.jpg");
  const auto outcome = run_program(check(data));
  INFO(outcome.output);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("61 images in 4 classes, 1 out of balance"));
  CHECK_THAT(outcome.output, Contains("only one of both has the class") && Contains("zebra"));
}

TEST_CASE(
    "Ctrl-C stops data check at once, in a line, and leaves no page or the one that was there") {
  const FolderData data;
  // A minute of decoding: one large image of noise under many names.
  Random random(1, 0, 0, RandomStream::augment);
  data::Image noise{{2500, 2500}, std::vector<std::uint8_t>(std::size_t{3} * 2500 * 2500)};
  for (std::uint8_t& value : noise.pixels) value = static_cast<std::uint8_t>(random.bits());
  const fs::path large = image(data, "train", 0).parent_path() / "large-0.png";
  data::write_png(noise, large);
  for (int i = 1; i < 300; ++i) {
    fs::create_hard_link(large, large.parent_path() / ("large-" + std::to_string(i) + ".png"));
  }
  const fs::path folder = data / "pages";
  make_folders(folder);
  const auto names = [&] {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path().filename());
    return all;
  };
  for (const int milliseconds : {0, 1500}) {
    test::RunningProgram program(kImgcls + "data check " + (data / "data").string() +
                                 " --threads 1 -o " + (folder / "page.html").string());
    // The last one that it catches; SIGINT is caught by Catch2 in the process that is forked.
    test::wait_until_caught(program.pid(), SIGUSR1);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    const auto begin = std::chrono::steady_clock::now();
    ::kill(program.pid(), SIGINT);
    const auto outcome = program.finish();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    INFO(outcome.output);
    CHECK(outcome.code == 75);
    CHECK(taken.count() < 10);
    CHECK_THAT(outcome.output, Contains("stopped by a signal after ") &&
                                   Contains(" images in 0:0") &&
                                   Contains("; no page is written\n"));
    CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 1);
    if (milliseconds == 0) {
      CHECK(names().empty());
      replace_file(folder / "page.html", "a page from before");
    } else {
      CHECK(names() == std::vector<std::string>{"page.html"});
      CHECK(read_text(folder / "page.html") == "a page from before");
    }
  }
}

TEST_CASE("data check names IDX files, which it does not read") {
  const FolderData data;
  const auto outcome = run_program(kImgcls + "data check /usr/share/datasets/fashion-mnist -o " +
                                   (data / "page.html").string());
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output,
             Contains("fashion-mnist holds IDX files such as t10k-images-idx3-ubyte.gz, which "
                      "cannot be checked: give a folder of class folders or of tar files"));
  CHECK_FALSE(fs::exists(data / "page.html"));
}

TEST_CASE("data check refuses what it cannot do, and writes nothing") {
  const FolderData data;
  const auto outcome = run_program(kImgcls + "data check " + (data / "nowhere").string() + " -o " +
                                   (data / "page.html").string());
  CHECK(outcome.code != 0);
  CHECK_THAT(outcome.output, Contains("nowhere"));
  CHECK_FALSE(fs::exists(data / "page.html"));
  CHECK(run_program(check(data, "--limit 0")).code == 2);
  CHECK(run_program(check(data, "--threads many")).code == 2);
  CHECK_FALSE(fs::exists(data / "page.html"));
}
