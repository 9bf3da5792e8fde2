#pragma once
// One number for all weights of a model, to compare runs by.

#include <imgcls/models/model.h>

#include <string>
#include <vector>

namespace imgcls::models {

/// SHA-256, in hexadecimal, over names, types, shapes and values of tensors, in the order of their
/// names: for each a line "NAME TYPE [2, 3]", such as "fc.bias float32 [1000]", and its values'
/// bytes, as safetensors files have them. Format, order and metadata of a file, and how tensors lie
/// in memory, change nothing.
std::string hash_weights(std::vector<NamedTensor> tensors);

}  // namespace imgcls::models
