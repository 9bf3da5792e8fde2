// The fake device's streams and events, and what LibTorch asks of a device's guard.
#include "fake_device.h"

#include "fake_memory.h"
#include "fake_streams.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

namespace imgcls::test::fake {
namespace {

struct Event {
  c10::StreamId stream = 0;
  std::uint64_t position = 0;
  Clock clock;
  std::chrono::steady_clock::time_point at;
  int questions = 0;  ///< Event::query() that were answered with no
};

/// Time passes for those who ask: so many questions are answered with no.
constexpr int kPatience = 3;

struct Wait {
  c10::StreamId stream;
  std::uint64_t position;
};

struct Stream {
  std::deque<std::variant<Transfer, Wait>> queue;
  std::uint64_t issued = 0;  ///< positions given out
  std::uint64_t done = 0;    ///< positions that are carried out
  Clock after;               ///< what comes before the next of its work, as far as it has waited
  std::vector<Use> freed;    ///< of memory that may be used again here while others use it still
};

void join(Clock& clock, const Clock& other) {
  for (const auto& [stream, position] : other) {
    clock[stream] = std::max(clock[stream], position);
  }
}

bool before(const Work& work, const Clock& clock) {
  const auto found = clock.find(work.stream);
  return found != clock.end() && found->second >= work.position;
}

thread_local c10::StreamId t_current = 0;

struct Device {
  // Recursive: to let go of a copy's memory may run a deleter that asks for the device.
  std::recursive_mutex mutex;
  std::map<c10::StreamId, Stream> streams;
  c10::StreamId newest = 0;
  Clock host;  // what the host has waited for, in whatever thread
  bool lazy = true;
  Counts counts;

  void carry_out(std::variant<Transfer, Wait> item) {
    if (const Wait* wait = std::get_if<Wait>(&item)) return drain(wait->stream, wait->position);
    const Transfer& transfer = std::get<Transfer>(item);
    std::memcpy(transfer.to, transfer.from, transfer.bytes);
  }

  void drain(c10::StreamId id, std::uint64_t position) {
    Stream& stream = streams[id];
    while (stream.done < position && !stream.queue.empty()) {
      auto item = std::move(stream.queue.front());
      stream.queue.pop_front();
      ++stream.done;
      carry_out(std::move(item));
    }
  }
  void drain(c10::StreamId id) { drain(id, streams[id].issued); }
  void drain_all() {
    for (const auto& [id, stream] : streams) drain(id, stream.issued);
  }

  // All that comes before what the stream is given next.
  Clock clock(c10::StreamId id) {
    Stream& stream = streams[id];
    join(stream.after, host);
    stream.after[id] = stream.issued;
    return stream.after;
  }

  void host_waits_for(c10::StreamId id) {
    drain(id);
    join(host, clock(id));
  }

  void count(std::int64_t Counts::*kind, const std::string& what) {
    ++(counts.*kind);
    counts.waits.push_back(what);
  }
};

Device& device() {
  // Leaked: tensors may outlive all static objects.
  static Device& the = *std::make_unique<Device>().release();
  return the;
}

std::lock_guard<std::recursive_mutex> locked() {
  return std::lock_guard(device().mutex);
}

void tell_race(const Work& work, bool writes, const Use& earlier) {
  const auto did = [](bool wrote) { return wrote ? "writes" : "reads"; };
  std::string text = fmt::format(
      "{} on stream {} {} what {} on stream {} {}, and does not wait for it", work.name,
      work.stream, did(writes), earlier.by.name, earlier.by.stream, did(earlier.writes));
  std::vector<std::string>& races = device().counts.races;
  if (std::find(races.begin(), races.end(), text) == races.end()) races.push_back(std::move(text));
}

}  // namespace

Block::Block(c10::Storage memory) : cpu(std::move(memory)), home(t_current) {
  const auto lock = locked();
  // A GPU's allocator gives memory that its stream has freed at once, to the same stream: that
  // others still use it shows when the new owner does.
  Stream& stream = device().streams[home];
  const Clock clock = device().clock(home);
  std::erase_if(stream.freed, [&](const Use& use) { return before(use.by, clock); });
  uses = stream.freed;
}

Block::~Block() {
  const auto lock = locked();
  for (Use& use : uses) {
    const c10::StreamId by = use.by.stream;
    if (by == home || std::count(recorded.begin(), recorded.end(), by) > 0) continue;
    // Where in the new owner's memory it will lie is unknown: anywhere.
    use.begin = 0;
    use.end = std::numeric_limits<std::uintptr_t>::max();
    device().streams[home].freed.push_back(std::move(use));
  }
}

c10::StreamId current_stream() {
  return t_current;
}

Work launch(const std::string& name, bool counted) {
  const auto lock = locked();
  Stream& stream = device().streams[t_current];
  device().drain(t_current);
  stream.done = ++stream.issued;
  if (counted) {
    ++device().counts.streams[t_current].kernels;
    ++device().counts.operators[name];
  }
  return {name, t_current, stream.issued};
}

Work queue(const std::string& name, Transfer transfer) {
  const auto lock = locked();
  Stream& stream = device().streams[t_current];
  StreamCounts& counts = device().counts.streams[t_current];
  const auto bytes = static_cast<std::int64_t>(transfer.bytes);
  ++(transfer.upload ? counts.uploads : counts.downloads);
  (transfer.upload ? counts.upload_bytes : counts.download_bytes) += bytes;
  stream.queue.emplace_back(std::move(transfer));
  ++stream.issued;
  if (!device().lazy) device().drain(t_current);
  return {name, t_current, stream.issued};
}

void use(Block& block, const Work& work, const void* first, std::size_t bytes, bool writes) {
  if (bytes == 0) return;
  const auto lock = locked();
  const auto begin = reinterpret_cast<std::uintptr_t>(first);
  const auto end = begin + bytes;
  const Clock clock = device().clock(work.stream);
  for (const Use& earlier : block.uses) {
    const bool overlap = earlier.begin < end && begin < earlier.end;
    if (overlap && (writes || earlier.writes) && !before(earlier.by, clock)) {
      tell_race(work, writes, earlier);
    }
  }
  // Who is in order with this use is so with those that it replaces.
  std::erase_if(block.uses, [&](const Use& earlier) {
    const bool within = begin <= earlier.begin && earlier.end <= end;
    return within && (writes || (!earlier.writes && earlier.by.stream == work.stream));
  });
  block.uses.push_back({work, begin, end, writes});
}

void wait_for_current(std::int64_t Counts::*kind, const std::string& what) {
  const auto lock = locked();
  device().count(kind, what);
  device().host_waits_for(t_current);
}

void count_wait(std::int64_t Counts::*kind, const std::string& what) {
  const auto lock = locked();
  device().count(kind, what);
}

void record_on_stream(Block& block, c10::StreamId stream) {
  const auto lock = locked();
  block.recorded.push_back(stream);
}

StreamCounts Counts::all_streams() const {
  StreamCounts all;
  for (const auto& [id, one] : streams) {
    all.kernels += one.kernels;
    all.uploads += one.uploads;
    all.upload_bytes += one.upload_bytes;
    all.downloads += one.downloads;
    all.download_bytes += one.download_bytes;
  }
  return all;
}

Counts counts() {
  const auto lock = locked();
  return device().counts;
}

void reset_counts() {
  const auto lock = locked();
  device().counts = {};
}

void fresh() {
  const auto lock = locked();
  for (const auto& [id, stream] : device().streams) device().host_waits_for(id);
  device().counts = {};
  device().lazy = true;
}

std::int64_t pending_copies() {
  const auto lock = locked();
  std::int64_t copies = 0;
  for (const auto& [id, stream] : device().streams) {
    copies += std::count_if(stream.queue.begin(), stream.queue.end(), [](const auto& item) {
      return std::holds_alternative<Transfer>(item);
    });
  }
  return copies;
}

void run_all() {
  const auto lock = locked();
  device().drain_all();
}

void set_lazy(bool lazy) {
  const auto lock = locked();
  device().lazy = lazy;
  if (!lazy) device().drain_all();
}

namespace {

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::DeviceType::PrivateUse1; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  c10::Device getDevice() const override { return kDevice; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}

  static c10::Stream stream(c10::StreamId id) {
    return c10::Stream(c10::Stream::UNSAFE, kDevice, id);
  }
  c10::Stream getStream(c10::Device) const override { return stream(t_current); }
  c10::Stream getDefaultStream(c10::Device) const override { return stream(0); }
  c10::Stream getNewStream(c10::Device, int) const override {
    const auto lock = locked();
    return stream(++device().newest);
  }
  c10::Stream getStreamFromGlobalPool(c10::Device of, bool) const override {
    return getNewStream(of, 0);
  }
  c10::Stream exchangeStream(c10::Stream next) const override {
    return stream(std::exchange(t_current, next.id()));
  }
  bool queryStream(const c10::Stream& of) const override {
    const auto lock = locked();
    const Stream& asked = device().streams[of.id()];
    if (asked.done < asked.issued) return false;
    join(device().host, device().clock(of.id()));
    return true;
  }
  void synchronizeStream(const c10::Stream& of) const override {
    const auto lock = locked();
    device().count(&Counts::stream_syncs, fmt::format("synchronize stream {}", of.id()));
    device().host_waits_for(of.id());
  }
  void synchronizeDevice(c10::DeviceIndex) const override {
    const auto lock = locked();
    device().count(&Counts::device_syncs, "synchronize the device");
    for (const auto& [id, one] : device().streams) device().host_waits_for(id);
  }

  void record(void** event, const c10::Stream& on, c10::DeviceIndex,
              c10::EventFlag) const override {
    const auto lock = locked();
    if (*event == nullptr) *event = std::make_unique<Event>().release();
    *static_cast<Event*>(*event) = {on.id(), device().streams[on.id()].issued,
                                    device().clock(on.id()), std::chrono::steady_clock::now()};
  }
  void block(void* event, const c10::Stream& waiting) const override {
    if (event == nullptr) return;
    const auto lock = locked();
    const Event& awaited = *static_cast<Event*>(event);
    Stream& stream = device().streams[waiting.id()];
    join(stream.after, awaited.clock);
    // Not before the stream has something to do that must come after the event: a queued wait.
    stream.queue.emplace_back(Wait{awaited.stream, awaited.position});
    ++stream.issued;
    if (!device().lazy) device().drain(waiting.id());
  }
  bool queryEvent(void* event) const override {
    if (event == nullptr) return true;
    const auto lock = locked();
    Event& asked = *static_cast<Event*>(event);
    ++device().counts.event_questions;
    if (device().streams[asked.stream].done < asked.position) {
      if (++asked.questions <= kPatience) return false;
      device().drain(asked.stream, asked.position);
    }
    join(device().host, asked.clock);
    return true;
  }
  void synchronizeEvent(void* event) const override {
    if (event == nullptr) return;
    const auto lock = locked();
    const Event& awaited = *static_cast<Event*>(event);
    ++device().counts.event_waits;
    device().drain(awaited.stream, awaited.position);
    join(device().host, awaited.clock);
  }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override {
    const std::unique_ptr<Event> destroyed(static_cast<Event*>(event));
  }
  double elapsedTime(void* from, void* to, c10::DeviceIndex) const override {
    return std::chrono::duration<double, std::milli>(static_cast<Event*>(to)->at -
                                                     static_cast<Event*>(from)->at)
        .count();
  }
  void recordDataPtrOnStream(const c10::DataPtr& memory, const c10::Stream& on) const override {
    if (Block* block = block_of(memory)) record_on_stream(*block, on.id());
  }
};

}  // namespace
}  // namespace imgcls::test::fake

namespace {
using FakeGuard = imgcls::test::fake::Guard;
C10_REGISTER_GUARD_IMPL(PrivateUse1, FakeGuard)
}  // namespace
