#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace imgcls::models {
namespace {

using ByName = std::map<std::string, at::Tensor, std::less<>>;

ByName by_name(std::span<const NamedTensor> tensors) {
  ByName map;
  for (const NamedTensor& item : tensors) map.emplace(item.name, item.tensor);
  return map;
}

std::string shape(const at::Tensor& tensor) {
  return fmt::format("{}", tensor.sizes().vec());
}

/// One line for each name that does not fit; empty when all do.
std::vector<std::string> differences(const ByName& wanted, const ByName& given) {
  std::vector<std::string> lines;
  std::vector<std::string> unused;
  for (const auto& [name, tensor] : given) {
    if (!wanted.contains(name)) unused.push_back(name);
  }
  for (const auto& [name, tensor] : wanted) {
    const auto found = given.find(name);
    if (found == given.end()) {
      const std::string near = unused.empty() ? "" : nearest_name(name, unused);
      lines.push_back(fmt::format("missing: {}{}", name,
                                  near.empty() ? "" : fmt::format(" (there is {})", near)));
    } else if (found->second.sizes() != tensor.sizes()) {
      lines.push_back(fmt::format("wrong shape: {} is {}, the model has {}", name,
                                  shape(found->second), shape(tensor)));
    }
  }
  for (const std::string& name : unused) lines.push_back(fmt::format("unexpected: {}", name));
  return lines;
}

}  // namespace

std::vector<NamedTensor> state(const Model& model) {
  std::vector<NamedTensor> all = model.parameters();
  for (NamedTensor& buffer : model.buffers()) all.push_back(std::move(buffer));
  return all;
}

void load_state(const Model& model, std::span<const NamedTensor> tensors, std::string_view source) {
  const ByName wanted = by_name(state(model)), given = by_name(tensors);
  if (const auto lines = differences(wanted, given); !lines.empty()) {
    throw WeightsError(fmt::format("{} does not fit the model {}:\n  {}", source, model.name(),
                                   fmt::join(lines, "\n  ")));
  }
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : wanted) tensor.copy_(given.at(name));
}

void load_weights(const Model& model, const std::filesystem::path& path) {
  load_state(model, read_safetensors(path), path.string());
}

}  // namespace imgcls::models
