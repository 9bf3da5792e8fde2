#pragma once
// The MD5 sums that ImageNet's archives are checked against.

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace imgcls::data {

/// MD5 sums by file name, in hexadecimal.
using Md5Sums = std::map<std::string, std::string, std::less<>>;

/// The sums that ImageNet's publishers state for ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar
/// and ILSVRC2012_devkit_t12.tar.gz.
const Md5Sums& official_imagenet_sums();

/// Reads a file of sums as `md5sum` writes it. Throws IoError, and DataError naming the line.
Md5Sums read_md5_sums(const std::filesystem::path& path);

}  // namespace imgcls::data
