#include <imgcls/train/pinned_memory.h>

#include <ATen/core/CachingHostAllocator.h>

#include <mutex>
#include <unordered_map>
#include <utility>

namespace imgcls::train {
namespace {

class PinnedMemory final : public std::pmr::memory_resource {
 public:
  explicit PinnedMemory(c10::Allocator& allocator) : allocator_(allocator) {}

 private:
  // Pages are aligned beyond anything that is asked for.
  void* do_allocate(std::size_t bytes, std::size_t /*alignment*/) override {
    c10::DataPtr memory = allocator_.allocate(bytes);
    void* const address = memory.get();
    const std::lock_guard lock(mutex_);
    owned_.insert_or_assign(address, std::move(memory));
    return address;
  }

  void do_deallocate(void* address, std::size_t /*bytes*/, std::size_t /*alignment*/) override {
    const std::lock_guard lock(mutex_);
    c10::DataPtr memory = std::move(owned_.extract(address).mapped());
    const c10::DeleterFnPtr free = memory.get_deleter();
    // After a GPU has failed LibTorch 2.11 throws here, which a destructor must not: not to free is
    // the smaller evil at a program's end.
    try {
      free(memory.release_context());
    } catch (const c10::Error&) {
    }
  }

  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  c10::Allocator& allocator_;
  std::mutex mutex_;
  std::unordered_map<void*, c10::DataPtr> owned_;
};

}  // namespace

std::shared_ptr<std::pmr::memory_resource> pinned_memory(const std::string& device) {
  const c10::Device where(device);
  if (where.is_cpu()) return nullptr;
  return std::make_shared<PinnedMemory>(*at::getHostAllocator(where.type()));
}

}  // namespace imgcls::train
