// imgcls data show: the page of augmented images, and what is refused.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <catch2/catch.hpp>
#include <string>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::kImgcls;
using test::run_program;

namespace {

std::string show(const FolderData& data, const std::string& more) {
  return kImgcls + "data show data.root=" + (data / "data").string() +
         " model.name=resnet18 augment.size=12 augment.crop=pad " + more;
}

std::size_t times(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("data show writes a page with each image and what was done to it") {
  const FolderData data;
  const auto page = data / "page.html";
  const auto outcome = run_program(
      show(data, "augment.flip=1 augment.policy=rand_augment --images 10 -o " + page.string()));
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("10 images of 12 x 12 pixels"));
  const std::string html = read_text(page);
  CHECK(times(html, "<figure>") == 10);
  CHECK(times(html, "data:image/png;base64,") == 10);
  CHECK(times(html, "; flipped") == 10);
  CHECK_THAT(html, Contains("10 of 60 training images, epoch 1"));
  CHECK(times(html, "http") == 0);  // it needs no network

  run_program(show(data, "augment.flip=1 augment.policy=rand_augment --images 10 -o " +
                             (data / "again.html").string()));
  CHECK(read_text(data / "again.html") == html);
}

TEST_CASE("data show shows each view of an image, the first as it is") {
  const FolderData data;
  const auto page = data / "page.html";
  const auto outcome = run_program(
      show(data, "augment.policy=augmix augment.views=3 --images 4 --speed -o " + page.string()));
  INFO(outcome.output);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("4 images of 12 x 12 pixels") && Contains("mix"));
  const std::string html = read_text(page);
  CHECK(times(html, "<figure>") == 12);
  CHECK(times(html, "; mix 0.") == 8);
  CHECK(times(html, " of itself + 0.") == 8);
}

TEST_CASE("data show tells the time of each operation") {
  const FolderData data;
  const auto outcome = run_program(
      show(data, "'augment.operations=[{\"name\":\"grayscale\"}]' --speed --images 7 -o " +
                     (data / "p.html").string()));
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("us an image") && Contains("grayscale") && Contains(" 7 "));
}

TEST_CASE("data show refuses what it cannot do, and writes nothing") {
  const FolderData data;
  const auto page = data / "page.html";
  const auto refused = [&](const std::string& more) {
    const auto outcome = run_program(show(data, more + " -o " + page.string()));
    CHECK_FALSE(std::filesystem::exists(page));
    return outcome;
  };
  CHECK(refused("--images 0").code == 2);
  CHECK(refused("augment.policy=rand_augmnet").code == 2);
  const auto folder = run_program(show(data, "-o " + (data / "data").string()));
  CHECK(folder.code != 0);
  CHECK_THAT(folder.output, Contains((data / "data").string()));
}
