#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <utility>

namespace imgcls::models {
namespace {

using Shape = std::vector<std::int64_t>;
using Shapes = std::map<std::string, Shape, std::less<>>;

/// Whether the tensor of that name is to be loaded.
class Wanted {
 public:
  Wanted(const Model& model, const LoadOptions& options) {
    if (options.head) return;
    if (model.head().empty()) {
      throw WeightsError(fmt::format(
          "the model {} does not say which layer is its head: load all of it", model.name()));
    }
    head_ = model.head() + ".";
  }
  bool operator()(std::string_view name) const { return head_.empty() || !name.starts_with(head_); }

 private:
  std::string head_;  // empty: all is wanted
};

/// What is to be loaded into, by name.
std::map<std::string, at::Tensor> targets(const Model& model, const Wanted& wanted) {
  std::map<std::string, at::Tensor> targets;
  for (const auto& [name, tensor] : state(model)) {
    if (wanted(name)) targets.emplace(name, tensor);
  }
  return targets;
}

/// One line for each name that does not fit; empty when all do.
std::vector<std::string> differences(const std::map<std::string, at::Tensor>& targets,
                                     const Shapes& given) {
  std::vector<std::string> lines;
  std::vector<std::string> unused;
  for (const auto& [name, shape] : given) {
    if (!targets.contains(name)) unused.push_back(name);
  }
  for (const auto& [name, tensor] : targets) {
    const auto found = given.find(name);
    if (found == given.end()) {
      if (name.ends_with("num_batches_tracked")) continue;
      const std::string near = unused.empty() ? "" : nearest_name(name, unused);
      lines.push_back(fmt::format("missing: {}{}", name,
                                  near.empty() ? "" : fmt::format(" (there is {})", near)));
    } else if (found->second != tensor.sizes().vec()) {
      lines.push_back(fmt::format("wrong shape: {} is {}, the model has {}", name, found->second,
                                  tensor.sizes().vec()));
    }
  }
  for (const std::string& name : unused) lines.push_back(fmt::format("unexpected: {}", name));
  return lines;
}

void require_fit(const Model& model, const std::map<std::string, at::Tensor>& targets,
                 const Shapes& given, std::string_view source) {
  const auto lines = differences(targets, given);
  if (lines.empty()) return;
  throw WeightsError(fmt::format("{} does not fit the model {}:\n  {}", source, model.name(),
                                 fmt::join(lines, "\n  ")));
}

}  // namespace

std::vector<NamedTensor> state(const Model& model) {
  std::vector<NamedTensor> all = model.parameters();
  for (NamedTensor& buffer : model.buffers()) all.push_back(std::move(buffer));
  return all;
}

void load_state(const Model& model, std::span<const NamedTensor> tensors, std::string_view source,
                const LoadOptions& options) {
  const Wanted wanted(model, options);
  const auto into = targets(model, wanted);
  Shapes given;
  for (const auto& [name, tensor] : tensors) {
    if (wanted(name)) given.emplace(name, tensor.sizes().vec());
  }
  require_fit(model, into, given, source);
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    if (wanted(name)) into.at(name).copy_(tensor);
  }
}

void load_weights(const Model& model, const std::filesystem::path& path,
                  const LoadOptions& options) {
  const WeightsFile file(path);
  const Wanted wanted(model, options);
  const auto into = targets(model, wanted);
  Shapes given;
  for (const weights::StoredTensor& tensor : file.listing().tensors) {
    if (wanted(tensor.name)) given.emplace(tensor.name, tensor.shape);
  }
  require_fit(model, into, given, path.string());
  for (const weights::StoredTensor& tensor : file.listing().tensors) {
    if (wanted(tensor.name)) file.read_into(tensor, into.at(tensor.name));
  }
}

}  // namespace imgcls::models
