#pragma once
// The fake device's memory (fake_device.h): each of its storages stands for a storage of the CPU's,
// which holds the bytes. Internal to the fake device.
#include "fake_streams.h"

#include <ATen/core/Generator.h>
#include <c10/core/Allocator.h>
#include <c10/core/Storage.h>

namespace imgcls::test::fake {

c10::Allocator* device_allocator();

/// Null where the memory is not of `device_allocator()`: of at::from_blob.
Block* block_of(const c10::DataPtr& memory);

/// A storage of the device that stands for `cpu`, new on the current stream.
c10::Storage device_storage(const c10::Storage& cpu);

/// Where the CPU's storage has got other memory (resized): makes it the device's.
void follow_memory(const c10::Storage& device);

/// Whether a host allocator of the device gave the memory.
bool is_pinned(const void* data);

/// The CPU's generator that stands for one of the device's; for the default one where there is
/// none.
at::Generator cpu_generator(const std::optional<at::Generator>& of_device);

}  // namespace imgcls::test::fake
