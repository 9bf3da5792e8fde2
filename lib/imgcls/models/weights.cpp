#include <imgcls/core/error.h>
#include <imgcls/core/nearest.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/weights/name_match.h>
#include <imgcls/weights/parse.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

namespace imgcls::models {
namespace {

using Shape = std::vector<std::int64_t>;

/// A tensor to be loaded: the name that it has where it comes from, and its shape.
struct Given {
  std::string source_name;
  Shape shape;
};

/// By the model's names; of what is none of the model's, by its own.
using GivenByName = std::map<std::string, Given, std::less<>>;

/// Whether the tensor of that name is to be loaded.
class Wanted {
 public:
  Wanted(const Model& model, const LoadOptions& options) {
    if (options.head) return;
    heads_ = model.heads();
    if (heads_.empty()) {
      throw WeightsError(fmt::format(
          "the model {} does not say which layer is its head: load all of it", model.name()));
    }
  }
  bool operator()(std::string_view name) const {
    return std::ranges::none_of(
        heads_, [&](const std::string& head) { return name.starts_with(head + "."); });
  }

 private:
  std::vector<std::string> heads_;  // empty: all is wanted
};

/// Files of before PyTorch 0.4.1 have none.
bool is_count_of_batches(std::string_view name) {
  return name.ends_with("num_batches_tracked");
}

/// What is to be loaded into, by name.
std::map<std::string, at::Tensor> targets(const Model& model, const Wanted& wanted) {
  std::map<std::string, at::Tensor> targets;
  for (const auto& [name, tensor] : state(model)) {
    if (wanted(name)) targets.emplace(name, tensor);
  }
  return targets;
}

/// Appends what does not fit in one way, a line each: five, and how many more there are.
void add_cut(std::string_view kind, std::vector<std::string> items,
             std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 5;
  const std::size_t count = items.size();
  items.resize(std::min(count, kShown));
  for (const std::string& item : items) lines.push_back(fmt::format("{}: {}", kind, item));
  if (count > kShown) lines.push_back(fmt::format("{}: {} more", kind, count - kShown));
}

/// Whether weights for three colours are for a convolution that takes one channel.
bool is_of_colors(const std::vector<std::int64_t>& given, const at::Tensor& tensor) {
  std::vector<std::int64_t> shape = tensor.sizes().vec();
  if (shape.size() != 4 || shape[1] != 1) return false;
  shape[1] = 3;
  return given == shape;
}

/// A line for each name that does not fit, cut to five of a kind; empty when all do.
std::vector<std::string> differences(const std::map<std::string, at::Tensor>& targets,
                                     const GivenByName& given) {
  std::vector<std::string> unused, missing, of_wrong_shape;
  for (const auto& [name, item] : given) {
    if (!targets.contains(name)) unused.push_back(name);
  }
  for (const auto& [name, tensor] : targets) {
    const auto found = given.find(name);
    if (found == given.end()) {
      if (is_count_of_batches(name)) continue;
      const std::string near = unused.empty() ? "" : nearest_name(name, unused);
      missing.push_back(name + (near.empty() ? "" : fmt::format(" (there is {})", near)));
    } else if (found->second.shape != tensor.sizes().vec() &&
               !is_of_colors(found->second.shape, tensor)) {
      of_wrong_shape.push_back(fmt::format("{} is {}, the model has {}", found->second.source_name,
                                           found->second.shape, tensor.sizes().vec()));
    }
  }
  std::vector<std::string> lines;
  add_cut("missing", std::move(missing), lines);
  add_cut("wrong shape", std::move(of_wrong_shape), lines);
  add_cut("unexpected", std::move(unused), lines);
  return lines;
}

void require_fit(const Model& model, const std::map<std::string, at::Tensor>& targets,
                 const GivenByName& given, std::string_view source) {
  const auto lines = differences(targets, given);
  if (lines.empty()) return;
  throw WeightsError(fmt::format("{} does not fit the model {}:\n  {}", source, model.name(),
                                 fmt::join(lines, "\n  ")));
}

weights::NameMatch match(const Model& model, const Wanted& wanted, const weights::Listing& listing,
                         std::string_view source) {
  std::vector<std::string> names;
  for (const NamedTensor& item : state(model)) names.push_back(item.name);
  const auto is_required = [&](std::string_view name) {
    return wanted(name) && !is_count_of_batches(name);
  };
  return weights::match_names(listing.tensors, names, is_required, source);
}

/// What was done that a user may not expect.
std::vector<std::string> notes(const WeightsFile& file, const weights::NameMatch& match) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> lines;
  if (std::string choice = file.choice(); !choice.empty()) lines.push_back(std::move(choice));
  std::vector<std::string_view> beside;
  for (std::size_t i = 0; i < match.beside.size() && beside.size() <= kShown; ++i) {
    if (match.beside[i]) beside.emplace_back(file.listing().tensors[i].name);
  }
  if (beside.size() > kShown) beside.back() = "...";
  if (!beside.empty()) {
    lines.push_back(fmt::format("{}: left out, since not the model's: {}", file.name(),
                                fmt::join(beside, ", ")));
  }
  return lines;
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
  GivenByName given;
  for (const auto& [name, tensor] : tensors) {
    if (wanted(name)) given.emplace(name, Given{name, tensor.sizes().vec()});
  }
  require_fit(model, into, given, source);
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    if (!wanted(name)) continue;
    const at::Tensor& target = into.at(name);
    const bool colors = is_of_colors(tensor.sizes().vec(), target);
    target.copy_(colors ? tensor.sum(1, /*keepdim=*/true) : tensor);
  }
}

std::vector<std::string> load_weights(const Model& model, const std::filesystem::path& path,
                                      const LoadOptions& options) {
  const WeightsFile file(
      path, [&](const ByteSource& source) { return weights::parse_weights(source, options.key); });
  const Wanted wanted(model, options);
  const auto into = targets(model, wanted);
  const auto& tensors = file.listing().tensors;
  const weights::NameMatch found = match(model, wanted, file.listing(), file.name());
  GivenByName given;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& own = tensors[i].name;
    if (found.names[i].empty()) {
      if (wanted(own) && !found.beside[i]) given.emplace(own, Given{own, tensors[i].shape});
    } else if (wanted(found.names[i])) {
      given.emplace(found.names[i], Given{own, tensors[i].shape});
    }
  }
  require_fit(model, into, given, file.name());
  std::vector<std::string> lines = notes(file, found);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (found.names[i].empty() || !wanted(found.names[i])) continue;
    const at::Tensor& target = into.at(found.names[i]);
    if (!is_of_colors(tensors[i].shape, target)) {
      file.read_into(tensors[i], target);
      continue;
    }
    const at::Tensor colors = at::empty(tensors[i].shape, target.options());
    file.read_into(tensors[i], colors);
    const at::NoGradGuard no_grad;
    target.copy_(colors.sum(1, /*keepdim=*/true));
    lines.push_back(fmt::format("{}: {} is summed over the colours, for grey images", file.name(),
                                tensors[i].name));
  }
  return lines;
}

}  // namespace imgcls::models
