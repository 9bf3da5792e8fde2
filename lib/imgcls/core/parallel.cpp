#include <imgcls/core/cores.h>
#include <imgcls/core/parallel.h>

#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace imgcls::data {
namespace {

/// What the threads share.
struct Shared {
  std::atomic<std::size_t> next{0}, finished{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable done;
  std::size_t running = 0;
  std::exception_ptr error;
  std::size_t error_at = 0;

  void keep(std::exception_ptr thrown, std::size_t piece) {
    stop = true;
    const std::lock_guard lock(mutex);
    if (error && error_at < piece) return;
    error = std::move(thrown);
    error_at = piece;
  }
};

}  // namespace

std::size_t parallel_workers(std::size_t count, int threads) {
  const int wanted = threads > 0 ? threads : usable_cores();
  return std::clamp<std::size_t>(count, 1, static_cast<std::size_t>(wanted));
}

bool run_parallel(std::size_t count, int threads,
                  const std::function<void(std::size_t, std::size_t)>& work,
                  const std::function<bool()>& go_on) {
  Shared shared;
  const std::size_t workers = parallel_workers(count, threads);
  shared.running = workers;
  std::vector<std::jthread> pool;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    pool.emplace_back([&, worker] {
      cv::setNumThreads(0);  // OpenCV's own threads would only be in the way
      while (!shared.stop) {
        const std::size_t piece = shared.next++;
        if (piece >= count) break;
        try {
          work(piece, worker);
          ++shared.finished;
        } catch (...) {
          shared.keep(std::current_exception(), piece);
        }
      }
      const std::lock_guard lock(shared.mutex);
      --shared.running;
      shared.done.notify_one();
    });
  }
  {
    std::unique_lock lock(shared.mutex);
    while (!shared.done.wait_for(lock, std::chrono::milliseconds(100),
                                 [&] { return shared.running == 0; })) {
      lock.unlock();
      if (!go_on()) shared.stop = true;
      lock.lock();
    }
  }
  pool.clear();
  if (shared.error) std::rethrow_exception(shared.error);
  return shared.finished == count;
}

}  // namespace imgcls::data
