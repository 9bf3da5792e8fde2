#pragma once
// Host memory that a device copies from and to by itself, while the host goes on. Internal to
// train/.

#include <memory>
#include <memory_resource>
#include <string>

namespace imgcls::train {

/// Page-locked memory for `device` ("cuda:0"), from LibTorch's caching host allocator; null for
/// "cpu", which needs none. Its members may be called from several threads. What is freed while a
/// copy that LibTorch made is under way is given to others only after it.
std::shared_ptr<std::pmr::memory_resource> pinned_memory(const std::string& device);

}  // namespace imgcls::train
