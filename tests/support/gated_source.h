#pragma once
// A data set on a disk that stops answering.

#include <imgcls/data/source.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace imgcls::test {

/// Another source, of which so many reads pass; the next ones wait until the gate is opened.
class GatedSource final : public data::Source {
 public:
  GatedSource(std::shared_ptr<const data::Source> inner, int passing)
      : inner_(std::move(inner)), passing_(passing) {}

  std::size_t size() const override { return inner_->size(); }
  std::int64_t label(std::size_t index) const override { return inner_->label(index); }
  std::string name(std::size_t index) const override { return inner_->name(index); }
  const std::vector<std::string>& classes() const override { return inner_->classes(); }
  std::string fingerprint() const override { return inner_->fingerprint(); }
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
    return inner_->read(index);
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
  std::shared_ptr<const data::Source> inner_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int passing_;
  mutable int waiting_ = 0;
  bool open_ = false;
};

}  // namespace imgcls::test
