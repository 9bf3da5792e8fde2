// The threads that loops over convolutions are cut up among.
#include <imgcls/kernels/threads.h>

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace imgcls::kernels {
namespace {

/// Sets ATen's number of threads, and back.
class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

TEST_CASE("work is cut up among as many threads as ATen has") {
  for (const int count : {1, 2, 3}) {
    const Threads threads(count);
    REQUIRE(thread_count() == count);
    std::mutex mutex;
    std::map<std::int64_t, std::int64_t> parts;  // the end of each, by its beginning
    std::set<int> numbers;
    std::set<std::thread::id> workers;
    in_parallel(5, 35, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      const std::lock_guard lock(mutex);
      parts.emplace(begin, end);
      numbers.insert(thread);
      workers.insert(std::this_thread::get_id());
    });
    INFO(count << " threads");
    CHECK(parts.size() == static_cast<std::size_t>(count));
    CHECK(workers.size() == static_cast<std::size_t>(count));
    CHECK(*numbers.rbegin() == count - 1);
    std::int64_t next = 5;
    for (const auto& [begin, end] : parts) {
      CHECK(begin == next);
      next = end;
    }
    CHECK(next == 35);
  }
}

TEST_CASE("work that is small, or inside of other work, stays on its thread") {
  const Threads threads(2);
  int calls = 0;
  const Work once = [&](std::int64_t begin, std::int64_t end, int thread) {
    ++calls;
    CHECK(begin == 0);
    CHECK(end == 8);
    CHECK(thread == 0);
  };
  in_parallel(0, 8, 8, once);
  CHECK(calls == 1);
  in_parallel(0, 0, 1, once);
  CHECK(calls == 1);
  std::mutex mutex;
  int inner = 0;
  in_parallel(0, 2, 1, [&](std::int64_t, std::int64_t, int) {
    in_parallel(0, 8, 1, [&](std::int64_t begin, std::int64_t end, int) {
      const std::lock_guard lock(mutex);
      if (begin == 0 && end == 8) ++inner;
    });
  });
  CHECK(inner == 2);
}

TEST_CASE("what a thread throws reaches who asked for the work") {
  const Threads threads(2);
  const auto throws = [](std::int64_t begin, std::int64_t, int) {
    if (begin > 0) throw std::runtime_error("the second half");
  };
  CHECK_THROWS_WITH(in_parallel(0, 10, 1, throws), "the second half");
}

}  // namespace
}  // namespace imgcls::kernels
