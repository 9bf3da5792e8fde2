#pragma once
// A data set on a disk that stops answering.

#include <condition_variable>
#include <memory>
#include <mutex>

#include "wrapped_source.h"

namespace imgcls::test {

/// Another source, of which so many reads pass; the next ones wait until the gate is opened.
class GatedSource final : public WrappedSource {
 public:
  GatedSource(std::shared_ptr<const data::Source> inner, int passing)
      : WrappedSource(std::move(inner)), passing_(passing) {}

  data::Sample read(std::size_t index) const override {
    {
      std::unique_lock lock(mutex_);
      if (passing_-- <= 0) {
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
      }
    }
    return WrappedSource::read(index);
  }

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Returns when a read stands at the gate.
  void await_reader() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  /// Whether one does.
  bool has_reader() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int passing_;
  mutable int waiting_ = 0;
  bool open_ = false;
};

}  // namespace imgcls::test
