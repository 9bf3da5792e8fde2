#include <imgcls/prepare/imagenet/write_queue.h>

#include <utility>

namespace imgcls::data {

WriteQueue::WriteQueue(int threads, std::uint64_t byte_limit) : byte_limit_(byte_limit) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WriteQueue::~WriteQueue() {
  join();
}

void WriteQueue::add(std::uint64_t bytes, std::function<void()> work) {
  std::unique_lock lock(mutex_);
  changed_.wait(
      lock, [&] { return thrown_ || waiting_.empty() || waiting_bytes_ + bytes <= byte_limit_; });
  if (thrown_) std::rethrow_exception(thrown_);
  waiting_.push_back({bytes, std::move(work)});
  waiting_bytes_ += bytes;
  changed_.notify_all();
}

void WriteQueue::finish() {
  join();
  if (thrown_) std::rethrow_exception(thrown_);
}

void WriteQueue::join() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WriteQueue::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= piece.bytes;
    changed_.notify_all();
    if (thrown_) continue;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      piece.work();
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown && !thrown_) thrown_ = thrown;
    if (thrown) changed_.notify_all();
  }
}

}  // namespace imgcls::data
