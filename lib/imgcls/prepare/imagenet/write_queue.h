#pragma once
// Work that writes, done by threads while the caller goes on reading. Internal to imgcls::data.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace imgcls::data {

/// How many bytes may wait to be written.
inline constexpr std::uint64_t kWaitingLimit = std::uint64_t{64} << 20;

/// Pieces of work are begun in their order. Once one has thrown, no other is begun.
class WriteQueue {
 public:
  /// Pieces wait as long as those that do hold at most `byte_limit` bytes.
  WriteQueue(int threads, std::uint64_t byte_limit);
  /// Does what still waits; what that throws is lost.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// Adds a piece that holds so many bytes; waits for room. Throws what a piece has thrown.
  void add(std::uint64_t bytes, std::function<void()> work);
  /// Returns when all is done. Throws what a piece has thrown. Call once, last.
  void finish();

 private:
  struct Piece {
    std::uint64_t bytes;
    std::function<void()> work;
  };
  void work();
  void join();

  const std::uint64_t byte_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  bool closed_ = false;
  std::exception_ptr thrown_;
  std::vector<std::thread> threads_;
};

}  // namespace imgcls::data
