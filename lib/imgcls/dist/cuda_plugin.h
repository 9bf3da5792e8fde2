#pragma once
// What libimgcls_cuda.so offers: the little that cannot be done without linking to CUDA. Loading it
// also brings LibTorch's CUDA kernels into the process. Internal to dist/.

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <string>

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace imgcls::dist {

/// Members throw c10::Error, with CUDA's or NCCL's words.
class CudaPlugin {
 public:
  virtual ~CudaPlugin() = default;

  /// GPUs this process may use (CUDA_VISIBLE_DEVICES); 0 where there is no driver.
  virtual int device_count() = 0;
  /// Makes GPU `index` the current device of the calling thread.
  virtual void set_device(int index) = 0;
  /// What tells GPU `index` apart from the machine's others ("0000:65:00.0"), however
  /// CUDA_VISIBLE_DEVICES numbers them.
  virtual std::string bus_id(int index) = 0;
  /// NCCL over all ranks, which find each other through `store`. It connects at the first
  /// collective. A collective that takes longer than `timeout` ends the process, with a message.
  /// On this rank's current device: call set_device first.
  /// Throws when the plugin was compiled with the headers of another NCCL than LibTorch was.
  virtual c10::intrusive_ptr<c10d::Backend> connect_nccl(
      const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
      std::chrono::milliseconds timeout) = 0;
};

/// The symbol to look up, and its type. The number is the interface's: change both together.
inline constexpr const char* kCudaPluginSymbol = "imgcls_cuda_plugin_2";
using CudaPluginEntry = CudaPlugin* (*)();

}  // namespace imgcls::dist
