// Lists of images, of one class each or of any number.
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/formats.h>
#include <imgcls/data/source.h>

#include <catch2/catch.hpp>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;
using support::TempFolder;

namespace {

using Labels = std::vector<std::int64_t>;

/// A folder with four images, which nobody decodes here.
struct Images {
  Images() {
    for (const char* name : {"img/a.jpg", "img/b.png", "img/c d.jpg", "img/e, f.jpg"}) {
      support::write(root / name, std::vector<std::uint8_t>{1, 2, 3});
    }
  }
  std::unique_ptr<Source> open(const std::string& name, const std::string& text,
                               ListOptions options = {.multi_label = true}) const {
    return open_list(root.write(name, text), options);
  }
  void refuses(const std::string& name, const std::string& text, const std::string& why,
               const ListOptions& options = {.multi_label = true}) const {
    INFO(text);
    CHECK_THROWS_AS(open(name, text, options), DataError);
    CHECK_THROWS_WITH(open(name, text, options), Contains(why));
  }

  TempFolder root;
};

std::vector<Labels> label_sets(const Source& source) {
  std::vector<Labels> all;
  for (std::size_t i = 0; i < source.size(); ++i) all.push_back(source.label_set(i).value());
  return all;
}

}  // namespace

TEST_CASE("A list has a line an image, with its classes behind it") {
  const Images images;
  const auto commas = images.open(
      "a.txt", "\xEF\xBB\xBFimg/b.png, dog,big cat\r\n\nimg/a.jpg\nimg/c d.jpg,big cat,big cat,\n");
  CHECK(is_multi_label(*commas));
  CHECK(commas->classes() == std::vector<std::string>{"big cat", "dog"});
  CHECK(label_sets(*commas) == std::vector<Labels>{{0, 1}, {}, {0}});
  CHECK(commas->name(2) == (images.root / "img/c d.jpg").string());
  CHECK(std::get<std::vector<std::byte>>(commas->read(0)).size() == 3);
  CHECK(commas->origin().format == "list");

  // With tabs, commas belong to the names.
  const auto tabs = images.open("b.txt", "img/e, f.jpg\tfar, away\tnear\nimg/a.jpg");
  CHECK(tabs->classes() == std::vector<std::string>{"far, away", "near"});
  CHECK(label_sets(*tabs) == std::vector<Labels>{{0, 1}, {}});
}

TEST_CASE("A list in JSON is an object of paths, and comes in their order") {
  const Images images;
  const auto source = images.open(
      "a.json", R"({"img/b.png": ["dog", "cat"], "img/a.jpg": [], "img/c d.jpg": ["dog"]})");
  CHECK(source->classes() == std::vector<std::string>{"cat", "dog"});
  CHECK(source->name(0) == (images.root / "img/a.jpg").string());
  CHECK(label_sets(*source) == std::vector<Labels>{{}, {0, 1}, {1}});
}

TEST_CASE("Classes are those of the training list, or as they are given") {
  const Images images;
  const std::string training = images.root.write("train.txt", "img/a.jpg,zebra,ant\n");
  const auto val = images.open("val.txt", "img/b.png,zebra\n",
                               {.multi_label = true, .classes = {}, .training = training});
  CHECK(val->classes() == std::vector<std::string>{"ant", "zebra"});
  CHECK(label_sets(*val) == std::vector<Labels>{{1}});
  images.refuses(
      "val.txt", "img/a.jpg\nimg/b.png,zbra\n",
      "val.txt:2: zbra is none of the training data's 2 classes; did you mean \"zebra\"?",
      {.multi_label = true, .classes = {}, .training = training});
  const auto given = images.open("train.txt", "img/a.jpg,zebra,ant\n",
                                 {.multi_label = true, .classes = {"zebra", "yak", "ant"}});
  CHECK(given->classes() == std::vector<std::string>{"zebra", "yak", "ant"});
  CHECK(label_sets(*given) == std::vector<Labels>{{0, 2}});
}

TEST_CASE("A list of images with one class each says so of each") {
  const Images images;
  const auto source = images.open("a.txt", "img/b.png,dog\nimg/a.jpg,cat\n", {});
  CHECK_FALSE(is_multi_label(*source));
  CHECK(source->label(0) == 1);
  CHECK(source->label(1) == 0);
  images.refuses("a.txt", "img/b.png,dog\nimg/a.jpg,cat,dog\n",
                 "a.txt:2: img/a.jpg has 2 classes, and one is wanted; for images with any number "
                 "of them give data.multi_label=true",
                 {});
  images.refuses("a.txt", "img/b.png,dog\nimg/a.jpg\n", "a.txt:2: img/a.jpg has 0 classes", {});
}

TEST_CASE("A list that cannot be used is refused with its line") {
  const Images images;
  images.refuses("a.txt", "", "a.txt names no image");
  images.refuses("a.txt", "\n \n", "a.txt names no image");
  images.refuses("a.txt", "img/a.jpg\nimg/b.png\n", "a.txt gives no image a class");
  images.refuses("a.txt", "image,labels\nimg/a.jpg,cat\n", "a.txt:1: image is no image's path");
  images.refuses("a.txt", "img/a.jpg,cat\nimg/x.jpg,cat\n", "a.txt:2: there is no file ");
  images.refuses("a.txt", "img/a.jpg,cat\nimg/./a.jpg,dog\n",
                 "a.txt:2: img/./a.jpg stands in line 1 already");
  images.refuses("a.json", "{\"img/a.jpg\": [\"cat\"],\n\"img/a.jpg\": []}", "a.json:2: key");
  images.refuses("a.json", "{\"img/a.jpg\": [\"cat\"],\n\"img/b.png\" []}",
                 "a.json:2: broken JSON");
  images.refuses("a.json", "[1]", R"(a.json: expected {"images/a.jpg": ["cat", "dog"], ...})");
  images.refuses("a.json", "{\n\"img/a.jpg\": \"cat\"}",
                 "a.json:2: img/a.jpg must have a list of class names, not \"cat\"");
  images.refuses("a.json", "{\n\"img/a.jpg\": [7]}", "a.json:2: img/a.jpg must have a list");
  CHECK_THROWS_WITH(open_list(images.root / "none.txt"), Contains("none.txt does not exist"));
  CHECK_THROWS_WITH(open_list(images.root / "img"), Contains("img is a folder"));
}

TEST_CASE("A list's fingerprint covers classes, paths, sizes and labels") {
  const Images images;
  const auto print = [&](const std::string& text) {
    return images.open("a.txt", text)->fingerprint();
  };
  const std::string first = print("img/a.jpg,cat,dog\nimg/b.png,cat\n");
  CHECK(print("img/a.jpg,dog,cat\n\nimg/b.png, cat") == first);
  CHECK(print("img/a.jpg,cat,dog\nimg/b.png,dog\n") != first);
  CHECK(print("img/b.png,cat\nimg/a.jpg,cat,dog\n") != first);
  CHECK(print("img/a.jpg,cat,dogs\nimg/b.png,cat\n") != first);
  support::write(images.root / "img/b.png", std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(print("img/a.jpg,cat,dog\nimg/b.png,cat\n") != first);
}

TEST_CASE("A list's labels are renumbered as a model's classes have it") {
  const Images images;
  std::shared_ptr<const Source> source = images.open("a.txt", "img/a.jpg,cat,dog\nimg/b.png\n");
  const std::vector<ClassName> classes{{"dog", "dog"}, {"yak", "yak"}, {"cat", "cat"}};
  CHECK(label_sets(*with_classes(source, classes)) == std::vector<Labels>{{0, 2}, {}});
}

TEST_CASE("Formats with one class an image refuse data.multi_label") {
  for (const char* format : {"folder", "shards", "idx"}) {
    CHECK_THROWS_WITH(formats().at(format).open(
                          {.root = "x", .name = "train", .folder = "x/train", .multi_label = true}),
                      Contains("take data.format=list"));
  }
}
