#pragma once
// Threads and memory for this room's loops. Two functions stand between them and LibTorch, so that
// they are fuzzed under sanitizers without it. Internal to imgcls::kernels.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

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
  explicit Floats(std::int64_t count)
      : lines_(std::make_unique_for_overwrite<Line[]>(
            static_cast<std::size_t>(parts_of(count, kLine)))) {}
  float* data() const { return reinterpret_cast<float*>(lines_.get()); }

 private:
  static constexpr std::int64_t kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float values[kLine];
  };
  std::unique_ptr<Line[]> lines_;
};

}  // namespace imgcls::kernels
