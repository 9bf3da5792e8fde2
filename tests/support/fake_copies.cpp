// The fake device's copies, which do as CUDA's do.
#include "fake_kernels.h"
#include "fake_memory.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cstring>

namespace imgcls::test::fake {
namespace {

// One piece of memory to one other.
bool is_plain(const at::Tensor& from, const at::Tensor& to) {
  return from.scalar_type() == to.scalar_type() && from.sizes() == to.sizes() &&
         ((from.is_contiguous() && to.is_contiguous()) ||
          (from.strides() == to.strides() && from.is_non_overlapping_and_dense()));
}

// What CUDA does at once with memory that is not pinned: it may be overwritten after.
at::Tensor staged(const at::Tensor& from) {
  const auto bytes = static_cast<std::int64_t>(from.nbytes());
  at::Tensor copy = at::empty({bytes}, at::kByte);
  std::memcpy(copy.mutable_data_ptr(), from.const_data_ptr(), from.nbytes());
  return copy;
}

void upload(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  Kernel memory("upload");
  const at::Tensor destination = memory.argument(to);
  const bool pinned = is_pinned(from.const_data_ptr());
  const at::Tensor source = non_blocking && !pinned ? staged(from) : from;
  const Work work = queue("an upload", {.source = source.storage(),
                                        .destination = destination.storage(),
                                        .from = source.const_data_ptr(),
                                        .to = destination.mutable_data_ptr(),
                                        .bytes = from.nbytes(),
                                        .upload = true});
  if (Block* block = block_of(to.storage().data_ptr())) {
    use(*block, work, to.const_data_ptr(), to.nbytes(), true);
  }
  if (!non_blocking) {
    wait_for_current(&Counts::blocking_uploads, "a blocking upload");
  } else if (!pinned) {
    count_wait(&Counts::unpinned_uploads, "an upload from memory that is not pinned");
  }
}

void download(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  Kernel memory("download");
  const at::Tensor source = memory.argument(from);
  const Work work = queue("a download", {.source = source.storage(),
                                         .destination = to.storage(),
                                         .from = source.const_data_ptr(),
                                         .to = to.mutable_data_ptr(),
                                         .bytes = from.nbytes(),
                                         .upload = false});
  if (Block* block = block_of(from.storage().data_ptr())) {
    use(*block, work, from.const_data_ptr(), from.nbytes(), false);
  }
  if (!non_blocking) {
    wait_for_current(&Counts::blocking_downloads, "a blocking download");
  } else if (!is_pinned(to.const_data_ptr())) {
    wait_for_current(&Counts::unpinned_downloads, "a download to memory that is not pinned");
  }
}

at::Tensor within_device(const at::Tensor& from, const at::Tensor& to) {
  Kernel kernel("aten::copy_");
  const at::Tensor source = kernel.argument(from);
  const at::Tensor destination = kernel.argument(to, true);
  kernel.launch();
  destination.copy_(source);
  return to;
}

}  // namespace

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  if (from.device() == to.device()) return within_device(from, to);
  const bool is_upload = from.is_cpu();
  if (is_plain(from, to)) {
    if (from.numel() > 0) (is_upload ? upload : download)(from, to, non_blocking);
    return to;
  }
  // As CUDA's copy_: another type is made on the device, or on the CPU where the host waits anyway;
  // another order is made before and after. What is made on the host is not pinned.
  const bool converts_before = is_upload != non_blocking;
  const bool same_type = from.scalar_type() == to.scalar_type();
  const at::ScalarType between = converts_before ? to.scalar_type() : from.scalar_type();
  const bool straight = to.is_contiguous() && (same_type || converts_before);
  const at::Tensor lands =
      straight ? to : at::empty_like(to, to.options().dtype(between), at::MemoryFormat::Contiguous);
  const at::Tensor source = from.to(between).expand_as(to).contiguous();
  copy_from(source, lands, non_blocking);
  if (!straight) to.copy_(lands, non_blocking);
  return to;
}

}  // namespace imgcls::test::fake
