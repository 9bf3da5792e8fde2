#pragma once
// ImageNet's devkit: which classes there are, and of which each validation image is.

#include <imgcls/prepare/imagenet/meta_bin.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace imgcls::data {

/// Reads `data/meta.mat` and `data/ILSVRC2012_validation_ground_truth.txt` below `folder`
/// (.../ILSVRC2012_devkit_t12). Classes are the leaves of the tree of concepts, those without
/// children. Throws IoError or DataError, naming the file and what is wrong in it.
ImageNetMeta read_devkit(const std::filesystem::path& folder);

/// The same from the two files' bytes; messages begin with their names.
ImageNetMeta read_devkit(std::span<const std::byte> meta_mat, std::string_view meta_mat_name,
                         std::string_view ground_truth, std::string_view ground_truth_name);

}  // namespace imgcls::data
