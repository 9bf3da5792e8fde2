#pragma once
// A model's weights in and out. docs/weights.md tells of the formats.

#include <imgcls/models/model.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::models {

/// Parameters and buffers: what PyTorch's `state_dict()` holds.
std::vector<NamedTensor> state(const Model& model);

/// What of a file's weights goes into a model.
struct LoadOptions {
  /// Also the layers that have an output for each class. Without them, a model for other classes
  /// than the file's keeps its own `Model::heads()`; models/head.h draws them as for a new one.
  bool head = true;
  /// Which of a file's state dicts, where it holds several: keys with dots between
  /// ("state_dict_ema"); empty: the usual one (weights/parse.h).
  std::string key = {};
};

/// Copies `tensors` into the model's parameters and buffers, which keep their device, type and
/// memory layout. Throws WeightsError, before anything is copied, with the missing, unexpected
/// and wrong-shaped names in one message, five of each at most; `source` is what the message calls
/// the tensors' origin. A missing "num_batches_tracked", which files of before PyTorch 0.4.1 lack,
/// keeps its value.
void load_state(const Model& model, std::span<const NamedTensor> tensors, std::string_view source,
                const LoadOptions& options = {});

/// Loads a file of weights, safetensors or .pth as its first bytes say, in the same way. What
/// wrappers put into names ("module.", "_orig_mod." ...), and any prefix before the whole model, is
/// taken off as the model's names show it (weights/name_match.h); tensors beside the model, without
/// that prefix or counters such as "n_averaged", are left out. Values go from the file into the
/// model where type and layout are equal, so this takes no memory besides the model and one tensor.
/// Returns what is worth telling, a line each: which of several state dicts was taken, and what was
/// left out. Throws WeightsError or IoError.
std::vector<std::string> load_weights(const Model& model, const std::filesystem::path& path,
                                      const LoadOptions& options = {});

/// All tensors of a file of either format, on the CPU, or those under a key; names are without what
/// wrappers put into them (weights_file.h).
std::vector<NamedTensor> read_weights(const std::filesystem::path& path, std::string_view key = "");

/// Writes tensors in the format that the file's name ends with: .safetensors, or .pth, .pt, .bin.
/// Throws ConfigError for another ending, and what write_safetensors and write_pth throw.
void write_weights(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

}  // namespace imgcls::models
