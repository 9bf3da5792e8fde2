// libimgcls_cuda.so: see cuda_plugin.h.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <imgcls/dist/cuda_plugin.h>
#include <torch/csrc/cuda/nccl.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <array>

namespace imgcls::dist {
namespace {

// ProcessGroupNCCL::Options holds an ncclConfig_t by value, whose size differs between versions.
void check_nccl_headers() {
  const std::uint64_t of_torch = torch::cuda::nccl::version();
  const std::uint64_t major = of_torch >> 32;
  const std::uint64_t minor = (of_torch >> 16) & 0xffff;
  TORCH_CHECK(major == NCCL_MAJOR && minor == NCCL_MINOR,
              "libimgcls_cuda.so was compiled with nccl.h ", NCCL_MAJOR, ".", NCCL_MINOR,
              ", but this LibTorch with ", major, ".", minor,
              ": configure with IMGCLS_NCCL_INCLUDE_DIR set to the folder of that version's nccl.h "
              "(pip package nvidia-nccl-cu13: nvidia/nccl/include)");
}

class Plugin final : public CudaPlugin {
 public:
  int device_count() override { return c10::cuda::device_count(); }

  void set_device(int index) override {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
  }

  std::string bus_id(int index) override {
    std::array<char, 32> id{};
    C10_CUDA_CHECK(cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), index));
    return id.data();
  }

  c10::intrusive_ptr<c10d::Backend> connect_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                                 int rank, int size,
                                                 std::chrono::milliseconds timeout) override {
    check_nccl_headers();
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, std::move(options));
  }
};

}  // namespace
}  // namespace imgcls::dist

extern "C" __attribute__((visibility("default"))) imgcls::dist::CudaPlugin* imgcls_cuda_plugin_2() {
  static imgcls::dist::Plugin plugin;
  return &plugin;
}
