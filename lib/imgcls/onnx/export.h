#pragma once
// Models as ONNX files, for other programs to run.

#include <imgcls/models/model.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::onnx {

/// What a file is to be, besides the model.
struct ExportOptions {
  /// Side of the images that the file takes, in pixels; their number is free.
  int image_size = 224;
  /// What the file says beside the network, for programs that use it (`metadata_props`).
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

/// Writes `model` in evaluation mode: operator set 17, an input "images" (float, batch x channels x
/// size x size; models::channels_of) and an output "logits" (float, batch x classes). Where the
/// weights take more than 2 GiB they go to PATH.data beside it. The model must be on the CPU and in
/// float. Throws Error for an operation that has no translation, naming it, IoError when writing
/// fails.
void export_model(const models::Model& model, const std::filesystem::path& path,
                  const ExportOptions& options = {});

/// Multiplications and additions, counted as one operation, of the model's convolutions and matrix
/// products for one image channels x side x side.
double count_operations(const models::Model& model, int side);

}  // namespace imgcls::onnx
