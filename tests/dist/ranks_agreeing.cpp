#include <imgcls/dist/agree.h>

#include <vector>

#include "ranks.h"

namespace imgcls::dist_test {
namespace {

using Fields = std::vector<dist::Field>;

/// What require_equal says when the last rank has `last` and the others have `usual`.
std::string message(World& world, const Fields& usual, const Fields& last) {
  try {
    dist::require_equal(world, world.rank() == world.size() - 1 ? last : usual, "Do this.");
    return "";
  } catch (const dist::AgreedError& error) {
    return error.what();
  }
}

}  // namespace

void fields_that_differ(World& world) {
  const Fields usual{{"a", "1"}, {"b", ""}, {"c", "x y"}};
  const std::string ranks = "ranks 0 and " + std::to_string(world.size() - 1);
  const auto says = [&](const Fields& last, const std::string& text) {
    expect(message(world, usual, last) == (text.empty() ? "" : ranks + text), world);
  };
  says(usual, "");
  says({{"a", "1"}, {"c", "x y"}, {"b", ""}}, "");
  if (world.size() == 1) return;
  says({{"a", "1"}, {"b", "2"}, {"c", "x y"}}, " differ in b:  against 2. Do this.");
  says({{"a", "2"}, {"b", "2"}, {"c", "z"}}, " differ in a: 1 against 2 (and in 2 more). Do this.");
  says({{"a", "1"}, {"b", ""}}, " differ in c: x y against nothing. Do this.");
  says({{"a", "1"}, {"b", ""}, {"c", "x y"}, {"d", "1"}},
       " differ in d: nothing against 1. Do this.");
  says({}, " differ in a: 1 against nothing (and in 2 more). Do this.");
  // Every rank another value: the first that is not rank 0's is named.
  const std::string mine = std::to_string(world.rank());
  std::string text;
  try {
    dist::require_equal(world, Fields{{"rank", mine}}, "Do that.");
  } catch (const dist::AgreedError& error) {
    text = error.what();
  }
  expect(text == "ranks 0 and 1 differ in rank: 0 against 1. Do that.", world);
}

}  // namespace imgcls::dist_test
