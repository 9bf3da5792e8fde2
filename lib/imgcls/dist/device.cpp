#include <ATen/Context.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/device.h>
#include <imgcls/dist/machine_identity.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

namespace imgcls::dist {
namespace {

namespace fs = std::filesystem;
constexpr const char* kLibrary = "libimgcls_cuda.so";

// What a rank found, from good to bad: ranks agree on the worst.
enum class Finding { usable, no_gpu, unusable, too_few };

struct Gpu {
  Finding finding = Finding::usable;
  std::string problem;
  CudaPlugin* plugin = nullptr;
  int index = 0;
  std::string only_one;  // which GPU it is, where a rank sees fewer than its machine has ranks
};

// Cheap, and loads nothing: the control device of NVIDIA's driver, or the GPU of a WSL machine.
bool has_driver() {
  std::error_code ignored;
  return fs::exists("/dev/nvidiactl", ignored) || fs::exists("/dev/dxg", ignored);
}

std::vector<std::string> plugin_paths() {
  if (const char* path = std::getenv("IMGCLS_CUDA_PLUGIN")) return {path};
  std::vector<std::string> paths;
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path : {folder / ".." / "lib" / kLibrary, folder / kLibrary}) {
    if (fs::exists(path, error)) paths.push_back(path.lexically_normal().string());
  }
  paths.emplace_back(kLibrary);
  return paths;
}

// Throws DistError with the loader's words. The library stays: LibTorch's CUDA kernels cannot go.
CudaPlugin* load_plugin() {
  std::string reason;
  for (const std::string& path : plugin_paths()) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      reason += fmt::format("{}{}", reason.empty() ? "" : "; ", dlerror());
      continue;
    }
    void* entry = dlsym(library, kCudaPluginSymbol);
    if (entry == nullptr) {
      throw DistError(fmt::format("{} is not of this version of imgcls ({})", path, dlerror()));
    }
    return reinterpret_cast<CudaPluginEntry>(entry)();
  }
  throw DistError(
      fmt::format("GPU support does not load: {}. It needs {} beside the program (built where "
                  "CMake finds a CUDA "
                  "toolkit and nccl.h) and NVIDIA's libraries as `pip install torch` brings them",
                  reason, kLibrary));
}

Gpu find_gpu(const World& world) {
  Gpu gpu;
  try {
    gpu.plugin = load_plugin();
  } catch (const DistError& error) {
    gpu.finding = has_driver() ? Finding::unusable : Finding::no_gpu;
    gpu.problem = error.what();
    return gpu;
  }
  const int count = gpu.plugin->device_count();
  if (count == 0) {
    gpu.finding = has_driver() ? Finding::unusable : Finding::no_gpu;
    gpu.problem =
        "GPU support loads, but CUDA sees no GPU: is there one, with NVIDIA's driver installed, "
        "and does CUDA_VISIBLE_DEVICES name it?";
    return gpu;
  }
  // LibTorch decides once, at the first question, whether there is CUDA.
  if (!at::hasCUDA()) {
    gpu.finding = Finding::unusable;
    gpu.problem =
        "PyTorch was asked about CUDA before launch() brought it (at::manual_seed and "
        "torch::cuda::is_available ask, too), and does not look again: call launch() first";
    return gpu;
  }
  gpu.index = world.local_rank();
  if (count < world.local_size()) {
    gpu.problem = fmt::format(
        "this machine runs {} ranks and has {} GPU{}: start at most one rank for each "
        "GPU, or choose the device cpu",
        world.local_size(), count, count == 1 ? "" : "s");
    if (count > 1) gpu.finding = Finding::too_few;
    gpu.index = 0;
    gpu.only_one = fmt::format("{} {}", machine_identity(), gpu.plugin->bus_id(0));
  }
  return gpu;
}

// A batch system may show each rank one GPU of its own. Collective.
void check_own(Gpu& mine, World& world) {
  const std::vector<std::string> all = world.gather(mine.only_one);
  const bool shared =
      !mine.only_one.empty() && std::count(all.begin(), all.end(), mine.only_one) > 1;
  if (mine.finding == Finding::usable && shared) mine.finding = Finding::too_few;
}

// The worst finding of all ranks and, with the first rank that has it, its problem.
Gpu agree(const Gpu& mine, World& world) {
  const auto worst = world.max(static_cast<std::int64_t>(mine.finding));
  const bool have_it = static_cast<std::int64_t>(mine.finding) == worst;
  const std::vector<std::string> problems = world.gather(have_it ? mine.problem : "");
  const auto first = std::find_if(problems.begin(), problems.end(),
                                  [](const std::string& problem) { return !problem.empty(); });
  Gpu all = mine;
  all.finding = static_cast<Finding>(worst);
  if (first != problems.end()) {
    all.problem = fmt::format("rank {}: {}", first - problems.begin(), *first);
  }
  return all;
}

}  // namespace

Device choose_device(DeviceKind kind, World& world) {
  if (kind == DeviceKind::cpu) return {"cpu", nullptr};

  // Without a driver there is no GPU: an automatic choice then loads no CUDA library at all.
  const bool look = kind == DeviceKind::cuda || has_driver();
  Gpu mine;
  mine.finding = Finding::no_gpu;
  if (look) mine = find_gpu(world);
  check_own(mine, world);
  const Gpu gpu = agree(mine, world);

  if (gpu.finding == Finding::usable) {
    gpu.plugin->set_device(gpu.index);
    return {fmt::format("cuda:{}", gpu.index), gpu.plugin};
  }
  if (kind == DeviceKind::cuda || gpu.finding == Finding::too_few) throw DistError(gpu.problem);
  if (gpu.finding == Finding::unusable && world.is_first()) {
    Log().warn("training on the CPU although there is a GPU: " + gpu.problem);
  }
  return {"cpu", nullptr};
}

}  // namespace imgcls::dist
