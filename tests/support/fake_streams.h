#pragma once
// The fake device's streams (fake_device.h), as its memory and kernels see them: the order of work,
// and the copies that wait in queues. Internal to the fake device.
#include "fake_device.h"

#include <c10/core/Storage.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace imgcls::test::fake {

/// How far the work of each stream has come, as known at some point: all of a stream's work up to
/// this position comes before that point.
using Clock = std::map<c10::StreamId, std::uint64_t>;

/// Something that a stream was given to do: the `position`-th of its stream.
struct Work {
  std::string name;
  c10::StreamId stream = 0;
  std::uint64_t position = 0;
};

/// What has used a piece of the device's memory.
struct Use {
  Work by;
  std::uintptr_t begin = 0, end = 0;  ///< addresses
  bool writes = false;
};

/// The device's memory: where it truly lies, and what has used it.
struct Block {
  explicit Block(c10::Storage memory);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  c10::Storage cpu;
  c10::StreamId home;                   ///< of the allocation: its memory is used again there
  std::vector<c10::StreamId> recorded;  ///< record_stream(): the memory is not used again before
  std::vector<Use> uses;
};

/// A copy between host and device of memory that lies together.
struct Transfer {
  c10::Storage source, destination;  ///< kept until the copy is done
  const void* from = nullptr;
  void* to = nullptr;
  std::size_t bytes = 0;
  bool upload = false;
};

c10::StreamId current_stream();

/// A kernel is launched on the current stream, and runs: the stream's copies are done before.
Work launch(const std::string& name, bool counted);

/// As the last of what the current stream has to do.
Work queue(const std::string& name, Transfer transfer);

/// `work` uses `bytes` of the block's memory from `first` on: a race is told of here.
void use(Block& block, const Work& work, const void* first, std::size_t bytes, bool writes);

/// The host waits for the current stream. `kind` is a counter of `Counts`.
void wait_for_current(std::int64_t Counts::*kind, const std::string& what);

/// The same where the host is held up and the device is not drained.
void count_wait(std::int64_t Counts::*kind, const std::string& what);

void record_on_stream(Block& block, c10::StreamId stream);

}  // namespace imgcls::test::fake
