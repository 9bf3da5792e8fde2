#pragma once
// Ends the process when a call that knows no time limit, like MPI_Init, does not come back.
// Internal to dist/.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace imgcls::dist {

/// While it lives, `limit` runs: when that is over, `message` is reported and the process ends.
class TimeLimit {
 public:
  TimeLimit(std::chrono::duration<double> limit, const std::string& message);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace imgcls::dist
