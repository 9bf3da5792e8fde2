#pragma once
// A report that follows its runs, at http://127.0.0.1: the page, which asks for /data.json every
// few seconds. Only this machine can ask, and only for these two; the runs' files are read, and
// nothing is written.

#include <imgcls/report/report_json.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::report {

/// Answers from its construction to its end, on a thread of its own.
class LiveServer {
 public:
  /// Seconds from one question of the page to the next.
  static constexpr int kEvery_s = 3;
  /// What is tried where no port is asked for.
  static constexpr int kUsualPort = 8010;

  /// Serves the runs below `arguments`, which are looked for anew each time (run_files.h), on
  /// `port`; 0: on kUsualPort or, where that is taken, any free one. Throws IoError where
  /// `arguments` name no run or the port cannot be had.
  LiveServer(std::vector<std::filesystem::path> arguments, std::string title, int port = 0);
  /// Ends it.
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  int port() const;  ///< the one it listens on
  /// "http://127.0.0.1:8010/"
  std::string address() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace imgcls::report
