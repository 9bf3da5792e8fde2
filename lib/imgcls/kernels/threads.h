#pragma once
// Threads and memory for this room's loops. Two functions stand between them and LibTorch, so that
// they are fuzzed under sanitizers without it. Internal to imgcls::kernels.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>

namespace imgcls::kernels {

/// Parts of `each` that a whole is cut into, the last of which may be smaller.
constexpr std::int64_t parts_of(std::int64_t whole, std::int64_t each) {
  return (whole + each - 1) / each;
}

/// From `begin` up to `end`.
struct Range {
  std::int64_t begin, end;
  std::int64_t count() const { return end - begin; }
};

/// How many threads `in_parallel` uses at most.
int thread_count();

/// What is done for a part of a whole: from `begin` up to `end`, on that thread of
/// `thread_count()`.
using Work = std::function<void(std::int64_t begin, std::int64_t end, int thread)>;

/// Calls `work` for the whole of [begin, end) in parts of `grain` or more, a thread each.
void in_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, const Work& work);

/// Memory for so many floats, of any values, from the start of a cache line.
class Floats {
 public:
  explicit Floats(std::int64_t count) : memory_(allocate(static_cast<std::size_t>(count))) {}
  float* data() const { return memory_.get(); }

 private:
  static constexpr std::size_t kLine = 64;
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  static float* allocate(std::size_t count) {
    const std::size_t bytes = (count * sizeof(float) + kLine - 1) / kLine * kLine;
    void* const memory = std::aligned_alloc(kLine, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<float*>(memory);
  }
  std::unique_ptr<float, Free> memory_;
};

}  // namespace imgcls::kernels
