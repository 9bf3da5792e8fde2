#pragma once
// Numbered pieces of work, done by threads. Internal to imgcls::data.

#include <cstddef>
#include <functional>

namespace imgcls::data {

/// Runs `work(piece, worker)` once for each piece from 0 to `count` - 1, begun in that order, in
/// `threads` threads (0: one for each usable core); `worker` is the thread's number. Meanwhile asks
/// `go_on` about ten times a second, in the calling thread; once it says no, or a piece has thrown,
/// no other is begun. `go_on` must not throw. Throws what the piece of the lowest number has
/// thrown. Whether all were done.
bool run_parallel(std::size_t count, int threads,
                  const std::function<void(std::size_t piece, std::size_t worker)>& work,
                  const std::function<bool()>& go_on);

/// How many threads that will be.
std::size_t parallel_workers(std::size_t count, int threads);

}  // namespace imgcls::data
