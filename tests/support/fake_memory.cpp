// The fake device's allocators and what else LibTorch asks of a device: pinned memory, generators.
#include "fake_memory.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace imgcls::test::fake {
namespace {

c10::Storage cpu_storage(std::size_t bytes) {
  return c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), bytes,
                                               c10::GetCPUAllocator(), /*resizable=*/true);
}

void delete_block(void* block) {
  const std::unique_ptr<Block> deleted(static_cast<Block*>(block));
}

c10::DataPtr stand_for(const c10::Storage& cpu) {
  return {cpu.mutable_data(), std::make_unique<Block>(cpu).release(), &delete_block, kDevice};
}

struct DeviceAllocator final : c10::DeviceAllocator {
  c10::DataPtr allocate(std::size_t bytes) override { return stand_for(cpu_storage(bytes)); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr& memory, c10::Stream stream) override {
    if (Block* block = block_of(memory)) record_on_stream(*block, stream.id());
  }
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override {}
};

// Where pinned memory lies: its end by its begin.
struct PinnedRanges {
  std::mutex mutex;
  std::map<const std::byte*, const std::byte*> ranges;
};

PinnedRanges& pinned() {
  // Leaked: tensors may outlive all static objects.
  static PinnedRanges& the = *std::make_unique<PinnedRanges>().release();
  return the;
}

void free_pinned(void* context) {
  {
    const std::lock_guard lock(pinned().mutex);
    pinned().ranges.erase(static_cast<const std::byte*>(context));
  }
  c10::free_cpu(context);
}

struct HostAllocator final : at::HostAllocator {
  c10::DataPtr allocate(std::size_t bytes) override {
    at::globalContext().lazyInitDevice(c10::DeviceType::PrivateUse1);  // else is_pinned() is false
    if (bytes == 0) return {nullptr, c10::DeviceType::CPU};
    void* const data = c10::alloc_cpu(bytes);
    const auto* const begin = static_cast<const std::byte*>(data);
    const std::lock_guard lock(pinned().mutex);
    pinned().ranges.emplace(begin, begin + bytes);
    return {data, data, &free_pinned, c10::DeviceType::CPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_pinned; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  // Nothing to do: the copies themselves keep the memory.
  bool record_event(void* data, void*, c10::Stream) override { return is_pinned(data); }
  void empty_cache() override {}
  at::HostStats get_stats() override { return {}; }
  void reset_accumulated_stats() override {}
  void reset_peak_stats() override {}
};

// The device's random numbers are those of a generator of the CPU's that is its own.
class Generator final : public c10::GeneratorImpl {
 public:
  explicit Generator(at::Generator cpu = at::detail::createCPUGenerator())
      : GeneratorImpl(kDevice, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
        cpu_(std::move(cpu)) {}

  const at::Generator& cpu() const { return cpu_; }
  void set_current_seed(std::uint64_t seed) override { cpu_.set_current_seed(seed); }
  std::uint64_t current_seed() const override { return cpu_.current_seed(); }
  std::uint64_t seed() override { return cpu_.seed(); }
  void set_offset(std::uint64_t offset) override { cpu_.set_offset(offset); }
  std::uint64_t get_offset() const override { return cpu_.get_offset(); }
  void set_state(const c10::TensorImpl& state) override {
    cpu_.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return cpu_.unsafeGetGeneratorImpl()->get_state();
  }

 private:
  GeneratorImpl* clone_impl() const override {
    return std::make_unique<Generator>(cpu_.clone()).release();
  }

  at::Generator cpu_;
};

const at::Generator& default_generator() {
  static at::Generator& the =
      *std::make_unique<at::Generator>(c10::make_intrusive<Generator>()).release();
  return the;
}

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::Device getDeviceFromPtr(void*) const override { return kDevice; }
  bool isPinnedPtr(const void* data) const override { return is_pinned(data); }
  c10::Allocator* getPinnedMemoryAllocator() const override {
    return at::getHostAllocator(c10::DeviceType::PrivateUse1);
  }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return default_generator();
  }
  at::Generator getNewGenerator(c10::DeviceIndex) const override {
    return at::Generator(c10::make_intrusive<Generator>());
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, std::size_t bytes) const override {
    Block* const block = block_of(storage.data_ptr());
    TORCH_CHECK(block != nullptr, "this memory cannot be resized");
    const c10::Storage larger = cpu_storage(bytes);
    std::memcpy(larger.mutable_data(), block->cpu.data(), std::min(bytes, block->cpu.nbytes()));
    block->cpu.set_data_ptr_noswap(std::move(larger.mutable_data_ptr()));
    block->cpu.set_nbytes(bytes);
    follow_memory(storage);
  }
};

// Once for the program. By its name LibTorch knows that there is such a device: it is then the one
// that memory is pinned for.
[[maybe_unused]] const bool kRegistered = [] {
  c10::register_privateuse1_backend("privateuseone");
  c10::SetAllocator(c10::DeviceType::PrivateUse1, device_allocator());
  at::setHostAllocator(c10::DeviceType::PrivateUse1, std::make_unique<HostAllocator>().release());
  at::RegisterPrivateUse1HooksInterface(std::make_unique<Hooks>().release());
  return true;
}();

}  // namespace

c10::Allocator* device_allocator() {
  static DeviceAllocator& the = *std::make_unique<DeviceAllocator>().release();
  return &the;
}

Block* block_of(const c10::DataPtr& memory) {
  return memory.cast_context<Block>(&delete_block);
}

c10::Storage device_storage(const c10::Storage& cpu) {
  return c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), cpu.nbytes(),
                                               stand_for(cpu), device_allocator(),
                                               /*resizable=*/true);
}

void follow_memory(const c10::Storage& device) {
  const Block* const block = block_of(device.data_ptr());
  if (block == nullptr || block->cpu.data() == device.data()) return;
  const c10::Storage cpu = block->cpu;
  device.set_data_ptr_noswap(stand_for(cpu));
  device.set_nbytes(cpu.nbytes());
}

bool is_pinned(const void* data) {
  const auto* const at = static_cast<const std::byte*>(data);
  const std::lock_guard lock(pinned().mutex);
  const auto next = pinned().ranges.upper_bound(at);
  return next != pinned().ranges.begin() && at < std::prev(next)->second;
}

at::Generator cpu_generator(const std::optional<at::Generator>& of_device) {
  const at::Generator& generator =
      of_device && of_device->defined() ? *of_device : default_generator();
  if (generator.device().is_cpu()) return generator;
  return static_cast<const Generator*>(generator.unsafeGetGeneratorImpl())->cpu();
}

}  // namespace imgcls::test::fake
