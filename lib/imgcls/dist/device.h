#pragma once
// Which device a rank trains on, and the plugin that brings GPU support. Internal to dist/.
//
// Programs link no CUDA library: all that needs one is in libimgcls_cuda.so (cuda_plugin.h), which
// is loaded when a GPU is asked for, or found. It is looked for in $IMGCLS_CUDA_PLUGIN alone where
// that is set; else beside the program (<program's folder>/../lib, <program's folder>), then on the
// loader's path.

#include <imgcls/dist/cuda_plugin.h>
#include <imgcls/dist/world.h>

#include <string>

namespace imgcls::dist {

struct Device {
  /// "cpu" or "cuda:N": N is the local rank, or 0 where each rank sees one GPU of its own.
  std::string name;
  CudaPlugin* plugin = nullptr;  ///< set with "cuda:N"; lives as long as the process
};

/// The device of this rank, made current where it is a GPU. All ranks get a GPU or none does.
/// Collective over `world`. automatic falls back to CPUs: silently where there is no GPU, with a
/// warning where there is one that cannot be used. Throws DistError when `kind` is cuda and a rank
/// has no usable GPU, and when a machine runs more ranks than it has GPUs.
Device choose_device(DeviceKind kind, World& world);

}  // namespace imgcls::dist
