#include <imgcls/core/cores.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/device.h>
#include <imgcls/dist/world_single.h>

#include <cstdlib>

namespace imgcls::dist {
namespace {

class SingleWorld final : public World {
 public:
  explicit SingleWorld(DeviceKind kind) {
    cores_ = usable_cores();
    device_ = choose_device(kind, *this).name;
  }

  std::string_view backend() const override { return "single"; }
  void barrier() override {}
  void sum(std::span<std::int64_t>) override {}
  void sum(std::span<double>) override {}
  std::int64_t max(std::int64_t value) override { return value; }
  std::string broadcast(std::string_view text) override { return std::string(text); }
  std::vector<std::string> gather(std::string_view text) override { return {std::string(text)}; }
  [[noreturn]] void abort(int code, std::string_view reason) override {
    if (!reason.empty()) Log().error(reason);
    std::_Exit(code);
  }
};

}  // namespace

std::unique_ptr<World> make_single_world(const LaunchOptions& options) {
  return std::make_unique<SingleWorld>(options.device);
}

}  // namespace imgcls::dist
