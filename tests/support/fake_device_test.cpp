// Streams, copies and host waits of the fake device.
#include "fake_device.h"

#include <ATen/TensorIndexing.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/ops/_unique2.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <array>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::fake::counts;
using test::fake::kDevice;

namespace {

const c10::Stream kDefaultStream(c10::Stream::DEFAULT, kDevice);

c10::Stream new_stream() {
  return c10::impl::VirtualGuardImpl(kDevice.type()).getNewStream(kDevice);
}

c10::Event recorded(const c10::Stream& stream) {
  c10::Event event(kDevice.type());
  event.record(stream);
  return event;
}

at::TensorOptions on_device() {
  return at::TensorOptions().device(kDevice);
}

at::Tensor pinned(float value) {
  return at::full({4}, value, at::TensorOptions().pinned_memory(true));
}

}  // namespace

TEST_CASE("reading a value is counted as a host's wait") {
  test::fake::fresh();
  const at::Tensor sum = at::ones({3}, on_device()).sum();
  CHECK(counts().host_waits() == 0);
  CHECK(sum.item<float>() == 3);
  CHECK(counts().items == 1);
  CHECK(sum.equal(sum));
  CHECK(counts().items == 2);
  CHECK(counts().waits == std::vector<std::string>{"aten::_local_scalar_dense", "aten::equal"});
}

TEST_CASE("operators whose result's shape depends on the data are counted") {
  test::fake::fresh();
  const at::Tensor numbers = at::arange(4, on_device());
  const at::Tensor mask = numbers.gt(1);
  CHECK(counts().host_waits() == 0);
  CHECK(numbers.masked_select(mask).size(0) == 2);
  CHECK(numbers.index({mask}).size(0) == 2);
  CHECK(mask.nonzero().size(0) == 2);
  CHECK(std::get<0>(at::_unique2(mask)).size(0) == 2);
  CHECK(counts().data_dependent == 4);
  numbers.masked_fill_(mask, 5);
  numbers.where(mask, numbers);
  CHECK(counts().host_waits() == 4);
  CHECK(numbers.cpu().equal(at::tensor({0L, 1L, 5L, 5L})));
}

TEST_CASE("a copy to the device is late, and shows who overwrites its source") {
  test::fake::fresh();
  const c10::Stream copies = new_stream();
  const at::Tensor source = pinned(1);
  REQUIRE(source.is_pinned());
  at::Tensor on;
  std::optional<c10::Event> done;
  {
    const c10::StreamGuard guard(copies);
    on = source.to(kDevice, /*non_blocking=*/true);
    done = recorded(copies);
  }
  CHECK(counts().host_waits() == 0);
  CHECK(test::fake::pending_copies() == 1);
  CHECK_FALSE(done->query());
  CHECK_FALSE(copies.query());

  SECTION("without a wait") {
    source.fill_(2);
    done->synchronize();
    CHECK(counts().event_waits == 1);
    CHECK(counts().host_waits() == 0);
    CHECK(on.cpu()[0].item<float>() == 2);
  }
  SECTION("with one") {
    done->synchronize();
    CHECK(done->query());
    source.fill_(2);
    CHECK(on.cpu()[0].item<float>() == 1);
    CHECK(counts().races.empty());
  }
  SECTION("where time passes") {
    test::fake::run_all();
    CHECK(done->query());
    CHECK(test::fake::pending_copies() == 0);
  }
  const test::fake::StreamCounts of_copies = counts().streams.at(copies.id());
  CHECK(of_copies.uploads == 1);
  CHECK(of_copies.upload_bytes == 16);
  CHECK(of_copies.kernels == 0);
}

TEST_CASE("a kernel of a stream that has not waited reads what was there before") {
  test::fake::fresh();
  const c10::Stream copies = new_stream();
  at::Tensor on = at::zeros({4}, on_device());
  const c10::Event zeroed = recorded(kDefaultStream);
  {
    const c10::StreamGuard guard(copies);
    zeroed.block(copies);
    on.copy_(pinned(1), /*non_blocking=*/true);
  }
  SECTION("without a wait") {
    CHECK(on.sum().item<float>() == 0);
    CHECK(counts().races ==
          std::vector<std::string>{
              "aten::sum.IntList_out on stream 0 reads what an upload on stream " +
              std::to_string(copies.id()) + " writes, and does not wait for it"});
  }
  SECTION("with a wait") {
    recorded(copies).block(kDefaultStream);
    CHECK(test::fake::pending_copies() == 1);
    CHECK(on.sum().item<float>() == 4);
    CHECK(counts().races.empty());
  }
  SECTION("on the stream itself") {
    const c10::StreamGuard guard(copies);
    CHECK(on.sum().item<float>() == 4);
    CHECK(counts().races.empty());
  }
  test::fake::run_all();
}

TEST_CASE("a copy to the host is late") {
  test::fake::fresh();
  const at::Tensor on = at::ones({4}, on_device());
  const at::Tensor host = pinned(0);
  host.copy_(on, /*non_blocking=*/true);
  CHECK(host[0].item<float>() == 0);
  SECTION("until its event is waited for") {
    recorded(kDefaultStream).synchronize();
  }
  SECTION("until the stream has more to do") {
    at::zeros({1}, on_device());
  }
  SECTION("until the stream is waited for") {
    kDefaultStream.synchronize();
    CHECK(counts().stream_syncs == 1);
  }
  SECTION("until the device is waited for") {
    c10::impl::VirtualGuardImpl(kDevice.type()).synchronizeDevice(0);
    CHECK(counts().device_syncs == 1);
  }
  CHECK(host[0].item<float>() == 1);
  CHECK(counts().all_streams().downloads == 1);
  CHECK(counts().all_streams().download_bytes == 16);
}

TEST_CASE("copies are at once where they need not be lazy") {
  test::fake::fresh();
  test::fake::set_lazy(false);
  const at::Tensor host = pinned(0);
  host.copy_(at::ones({4}, on_device()), /*non_blocking=*/true);
  CHECK(host[0].item<float>() == 1);
  test::fake::set_lazy(true);
}

TEST_CASE("copies that hold up the host are told apart") {
  test::fake::fresh();
  const at::Tensor pageable = at::ones({4});
  const at::Tensor on = pageable.to(kDevice);
  CHECK(counts().blocking_uploads == 1);

  pageable.to(kDevice, /*non_blocking=*/true);
  CHECK(counts().unpinned_uploads == 1);

  at::zeros({4}).copy_(on);
  CHECK(counts().blocking_downloads == 1);

  at::Tensor lands = at::zeros({4});
  lands.copy_(on, /*non_blocking=*/true);
  CHECK(counts().unpinned_downloads == 1);
  CHECK(lands.equal(pageable));

  pinned(0).copy_(on);
  CHECK(counts().blocking_downloads == 2);
  CHECK(counts().host_waits() == 5);

  on.clone();
  pinned(0).copy_(on, /*non_blocking=*/true);
  pinned(0).to(kDevice, /*non_blocking=*/true);
  CHECK(counts().host_waits() == 5);

  // Another type is made on the device.
  CHECK(pinned(3).to(on_device().dtype(at::kLong), /*non_blocking=*/true).scalar_type() ==
        at::kLong);
  CHECK(counts().host_waits() == 5);
  // Another order is made on the host, in memory that is not pinned.
  on.view({2, 2}).copy_(pinned(3).view({2, 2}).t(), /*non_blocking=*/true);
  CHECK(counts().unpinned_uploads == 2);
}

TEST_CASE("memory that is not pinned may be overwritten after a copy") {
  test::fake::fresh();
  const at::Tensor source = at::ones({4});
  const at::Tensor on = source.to(kDevice, /*non_blocking=*/true);
  source.zero_();
  CHECK(on.sum().item<float>() == 4);
}

TEST_CASE("pinned memory is known by any of its addresses") {
  test::fake::fresh();
  const at::Tensor memory = pinned(0);
  CHECK(at::from_blob(memory.data_ptr<float>() + 2, {2}).is_pinned());
  CHECK_FALSE(at::zeros({4}).is_pinned());
  CHECK(at::zeros({4}).pin_memory().is_pinned());
  auto* const allocator = at::getHostAllocator(kDevice.type());
  void* address = nullptr;
  {
    const c10::DataPtr raw = allocator->allocate(64);
    address = raw.get();
    CHECK(at::from_blob(address, {16}).is_pinned());
    CHECK(allocator->record_event(address, raw.get_context(), new_stream()));
  }
  CHECK_FALSE(at::from_blob(address, {16}).is_pinned());
}

TEST_CASE("memory that another stream uses must be recorded or waited for") {
  test::fake::fresh();
  const c10::Stream copies = new_stream();
  const c10::Stream computes(c10::Stream::DEFAULT, kDevice);
  const auto upload = [&](bool record, bool wait) {
    const c10::StreamGuard guard(copies);
    if (wait) recorded(computes).block(copies);
    const at::Tensor on = pinned(1).to(kDevice, /*non_blocking=*/true);
    recorded(copies).block(computes);
    const c10::StreamGuard computing(computes);
    on.sum();
    if (record) on.record_stream(computes);
  };
  upload(false, false);
  upload(true, true);
  upload(true, false);
  CHECK(counts().races.empty());
  upload(false, false);
  upload(false, false);
  REQUIRE(counts().races.size() == 1);
  CHECK_THAT(counts().races[0], Contains("an upload on stream"));
}

TEST_CASE("threads with streams of their own do not disturb each other") {
  test::fake::fresh();
  std::array<std::int64_t, 2> wrong{};
  const auto work = [&](std::size_t thread) {
    const c10::StreamGuard guard(new_stream());
    for (int i = 0; i < 200; ++i) {
      const auto value = static_cast<float>(i);
      const at::Tensor sum = pinned(value).to(kDevice, /*non_blocking=*/true).sum();
      const at::Tensor host =
          pinned(-1).narrow(0, 0, 1).copy_(sum.view({1}), /*non_blocking=*/true);
      recorded(c10::impl::VirtualGuardImpl(kDevice.type()).getStream(kDevice)).synchronize();
      wrong.at(thread) += host.item<float>() != 4 * value;
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  CHECK(wrong == std::array<std::int64_t, 2>{});
  CHECK(counts().host_waits() == 0);
  CHECK(counts().event_waits == 400);
  CHECK(counts().all_streams().kernels == 400);
  CHECK(counts().races.empty());
}
