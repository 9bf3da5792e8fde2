#pragma once
// Preparing ImageNet of made-up archives, for tests.

#include "support.h"

#include "../support/imagenet_archives.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/log.h>
#include <imgcls/core/md5.h>
#include <imgcls/prepare/imagenet/prepare.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace imgcls::test {

using namespace imgcls::data;
using End = PrepareImageNetEnd;
namespace fs = std::filesystem;

inline Md5Sums sums_of(const ImageNetArchives& archives) {
  Md5Sums sums;
  for (const std::string& name : {kTrainTar, kValTar, kDevkitTar}) {
    sums[name] = Md5().update(read_file(archives / name)).hex();
  }
  return sums;
}

inline PrepareImageNetOptions options_for(const ImageNetArchives& archives, const fs::path& out) {
  return {.archives = archives.path(), .out = out, .sums = sums_of(archives)};
}

inline End prepare(
    const PrepareImageNetOptions& options,
    const GoOnPreparing& go_on = [](const auto&) { return true; }) {
  return prepare_imagenet(options, Log::quiet(""), go_on);
}

inline std::string refusal(const PrepareImageNetOptions& options) {
  try {
    prepare(options);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

/// Whether OUT holds what it should, apart from what the run says about itself.
inline void check_tree(const fs::path& out, const ImageNetArchives& archives) {
  Tree tree = tree_of(out);
  CHECK(tree.erase("meta.bin") == 1);
  CHECK(tree.erase("imagenet.json") == 1);
  std::vector<std::string> names, expected;
  for (const auto& [name, bytes] : tree) names.push_back(name);
  for (const auto& [name, bytes] : archives.expected()) expected.push_back(name);
  REQUIRE(names == expected);
  CHECK(tree == archives.expected());
}

}  // namespace imgcls::test
