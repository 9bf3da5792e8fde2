#include <imgcls/core/error.h>
#include <imgcls/data/class_names.h>

#include "../support/toy_source.h"
#include "support.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Matchers::Contains;

TEST_CASE("ImageNet's classes are a thousand WordNet ids in order, with names") {
  const auto& classes = imagenet_classes();
  REQUIRE(classes.size() == 1000);
  CHECK(std::ranges::is_sorted(classes, {}, &ClassName::id));
  CHECK(classes.front().id == "n01440764");
  CHECK(classes.front().name == "tench");
  CHECK(classes[954].name == "banana");
  CHECK(classes.back().id == "n15075141");
}

TEST_CASE("a file of class names has a class in each line") {
  const test::TempFolder folder;
  const auto classes =
      read_class_names(folder.write("classes.txt", "cat\tHouse cat\ngolden retriever\r\n"));
  REQUIRE(classes.size() == 2);
  CHECK(classes[0].id == "cat");
  CHECK(classes[0].name == "House cat");
  CHECK(classes[1].id == "golden retriever");
  CHECK(classes[1].name == "golden retriever");
  CHECK_THROWS_WITH(read_class_names(folder.write("twice.txt", "cat\ndog\ncat\tx\n")),
                    Contains("twice.txt:3") && Contains("cat stands in line 1"));
  CHECK_THROWS_WITH(read_class_names(folder.write("gap.txt", "cat\n\ndog\n")),
                    Contains("gap.txt:2"));
  CHECK_THROWS_WITH(read_class_names(folder.write("empty.txt", "")), Contains("names no class"));
}

TEST_CASE("samples take the numbers that a model gives their classes") {
  const auto toy = std::make_shared<test::ToySource>(8, 1);
  const std::array<ClassName, 5> known{{{"north-east", ""},
                                        {"north-west", ""},
                                        {"pole", ""},
                                        {"south-east", ""},
                                        {"south-west", ""}}};
  const auto renumbered = with_classes(toy, known);
  CHECK(renumbered->classes().size() == 5);
  CHECK(renumbered->size() == 8);
  // The toy's classes are north-west, north-east, south-west, south-east in turn.
  CHECK(renumbered->label(0) == 1);
  CHECK(renumbered->label(1) == 0);
  CHECK(renumbered->label(2) == 4);
  CHECK(renumbered->label(3) == 3);
  CHECK(renumbered->fingerprint() == toy->fingerprint());
  CHECK_THROWS_WITH(with_classes(toy, std::span(known).first(3)),
                    Contains("2 of the data's 4 classes") && Contains("south-west"));
}
