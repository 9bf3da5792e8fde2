// imgcls data check: what it finds, its page, its exit codes.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
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
