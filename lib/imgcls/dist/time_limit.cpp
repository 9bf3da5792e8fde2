#include <imgcls/core/log.h>
#include <imgcls/dist/time_limit.h>

#include <cstdlib>

namespace imgcls::dist {

TimeLimit::TimeLimit(std::chrono::duration<double> limit, const std::string& message)
    : thread_([this, limit, message] {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, limit, [this] { return over_; })) return;
        Log().error(message);
        std::_Exit(EXIT_FAILURE);
      }) {}

TimeLimit::~TimeLimit() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace imgcls::dist
