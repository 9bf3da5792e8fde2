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

TEST_CASE("names of any bytes come back from a file of class names") {
  const test::TempFolder folder;
  const std::vector<std::string> names{"plain",       " leading", "two\nlines",   "tab\tin",
                                       "cr\r",        "caf\xE9",  "a,\"b\"",      "it's",
                                       "back\\slash", "$'x'",     "\xEF\xBB\xBFx"};
  const std::string text = class_names_text(names);
  CHECK_THAT(text, Contains("plain\n leading\n$'two\\nlines'\n$'tab\\tin'\n") &&
                       Contains("\nback\\slash\n"));
  CHECK(class_ids(read_class_names(folder.write("classes.txt", text))) == names);
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : text) windows += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(class_ids(read_class_names(folder.write("windows.txt", windows + "\r\n\n"))) == names);
  const auto named = read_class_names(folder.write("named.txt", "$'a\\tb'\t$'c\\nd'\n$'old\n"));
  CHECK((named[0].id == "a\tb" && named[0].name == "c\nd" && named[1].id == "$'old"));
}

TEST_CASE("two classes may have one name where nothing depends on it") {
  const test::TempFolder folder;
  const std::string file = folder.write("cranes.txt", "crane\nnorth-east\ncrane\n");
  const auto cranes = read_class_names(file, Repeats::allowed);
  CHECK(cranes.size() == 3);
  std::vector<ClassName> known{{"north-east", ""}, {"north-west", ""}, {"south-east", ""},
                               {"south-west", ""}, {"pole", ""},       {"pole", ""}};
  const auto toy = std::make_shared<test::ToySource>(8, 1);
  CHECK(with_classes(toy, known)->classes().size() == 6);
  known.push_back({"south-east", ""});
  CHECK_THROWS_WITH(with_classes(toy, known), Contains("2 and 6") && Contains("south-east"));
  std::vector<ClassName> same;
  for (const std::string& id : toy->classes()) same.push_back({id, ""});
  CHECK(with_classes(toy, same) == toy);
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
