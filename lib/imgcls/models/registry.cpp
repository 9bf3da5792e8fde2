#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/airbench.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/resnet.h>
#include <imgcls/models/resnet9.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace imgcls::models {
namespace {

using Factory = std::function<Model(const ModelOptions&)>;

const std::map<std::string, Factory, std::less<>>& factories() {
  static const std::map<std::string, Factory, std::less<>> all = [] {
    std::map<std::string, Factory, std::less<>> made;
    for (const int depth : {18, 34, 50, 101, 152}) {
      made.emplace(fmt::format("resnet{}", depth),
                   [depth](const ModelOptions& options) { return resnet(depth, options); });
    }
    made.emplace("airbench", airbench);
    made.emplace("resnet9", resnet9);
    return made;
  }();
  return all;
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, factory] : factories()) all.push_back(name);
  return all;
}

Model create(std::string_view name, const ModelOptions& options) {
  const auto found = factories().find(name);
  if (found == factories().end()) {
    throw ConfigError(fmt::format("no model \"{}\"; did you mean \"{}\"? Known: {}", name,
                                  nearest_name(name, names()), fmt::join(names(), ", ")));
  }
  return found->second(options);
}

}  // namespace imgcls::models
