#pragma once
// A device for tests that need no GPU: LibTorch's PrivateUse1 ("privateuseone:0"). Its memory is
// ordinary memory and its kernels are the CPU's, so that results equal the CPU's; what differs is
// what a GPU would differ in:
//
//   It counts what would make the host wait for the device, the kernels launched, and the copies.
//   It puts off copies that need not be done yet. A non-blocking copy between the device and pinned
//   memory waits in its stream's queue until something makes it due: a kernel launched on that
//   stream, work of a stream that waits for an event recorded after it, or a host that synchronizes
//   with such an event, the stream or the device, or asks for the event a fourth time. Who forgets
//   to wait thus reads old values.
//   It knows which uses of its memory are ordered by streams, events and host waits, and tells of
//   those that are not (`Counts::races`), though kernels here run as soon as they are launched.
//
// Link the `fake_device` objects and the device is there: use c10::Stream, c10::Event,
// c10::impl::VirtualGuardImpl(c10::DeviceType::PrivateUse1), at::getHostAllocator and tensors as
// with any device. All of it may be used from several threads.

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace imgcls::test::fake {

inline const c10::Device kDevice(c10::DeviceType::PrivateUse1, 0);

/// What one stream was given to do.
struct StreamCounts {
  std::int64_t kernels = 0;
  std::int64_t uploads = 0;  ///< copies from the host
  std::int64_t upload_bytes = 0;
  std::int64_t downloads = 0;  ///< copies to the host
  std::int64_t download_bytes = 0;
};

struct Counts {
  // What makes the host wait until a stream has done all that it was given.
  std::int64_t items = 0;               ///< item(), equal(): a value read from the device
  std::int64_t blocking_uploads = 0;    ///< without non_blocking
  std::int64_t blocking_downloads = 0;  ///< without non_blocking
  std::int64_t unpinned_uploads = 0;    ///< non_blocking, but from memory that is not pinned
  std::int64_t unpinned_downloads = 0;  ///< non_blocking, but to memory that is not pinned
  std::int64_t data_dependent = 0;      ///< operators whose result's shape depends on the data
  std::int64_t stream_syncs = 0;
  std::int64_t device_syncs = 0;
  /// Not one of `host_waits()`: to wait for an old event leaves the device its later work.
  std::int64_t event_waits = 0;
  std::int64_t event_questions = 0;  ///< Event::query()

  std::vector<std::string> waits;  ///< what each of `host_waits()` was, in order
  std::vector<std::string> races;  ///< uses of the device's memory that nothing has ordered
  std::map<std::string, std::int64_t> operators;  ///< kernels by name: "aten::add.out"
  std::map<c10::StreamId, StreamCounts> streams;  ///< 0 is the default stream

  std::int64_t host_waits() const { return static_cast<std::int64_t>(waits.size()); }
  StreamCounts all_streams() const;
};

/// Since the program started, or the last `reset_counts()`.
Counts counts();
void reset_counts();

/// For the start of a test: all that was queued is done and waited for, and counts are zero.
void fresh();

/// Copies that are queued and not yet carried out.
std::int64_t pending_copies();

/// Lets time pass: all that is queued is carried out, and Event::query() becomes true. Orders
/// nothing
/// (`Counts::races`) and counts as no wait.
void run_all();

/// Whether copies are put off, as they are from the start. Without, they are carried out at once.
void set_lazy(bool lazy);

}  // namespace imgcls::test::fake
