#include <imgcls/train/termination_signals.h>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

using imgcls::train::TerminationSignals;

TEST_CASE("signals set a flag, the first one wins, and the former handlers come back") {
  const auto former = std::signal(SIGTERM, SIG_IGN);
  {
    const TerminationSignals signals;
    CHECK(signals.received() == 0);
    std::raise(SIGUSR1);
    CHECK(signals.received() == SIGUSR1);
    std::raise(SIGTERM);
    CHECK(signals.received() == SIGUSR1);
  }
  CHECK(std::signal(SIGTERM, former) == SIG_IGN);
  CHECK(TerminationSignals().received() == 0);
}

TEST_CASE("a SIGINT that comes twice at once is one") {
  const TerminationSignals signals;
  std::raise(SIGINT);
  std::raise(SIGINT);
  CHECK(signals.received() == SIGINT);
}

TEST_CASE("a second SIGINT, later, ends the process") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const TerminationSignals signals;
    std::raise(SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds(2100));
    std::raise(SIGINT);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

TEST_CASE("messages name signals") {
  CHECK(std::string(imgcls::train::signal_name(SIGINT)) == "SIGINT (Ctrl-C)");
  CHECK(std::string(imgcls::train::signal_name(SIGUSR1)) == "SIGUSR1");
  CHECK(std::string(imgcls::train::signal_name(0)) == "a signal");
}

TEST_CASE("an inner one knows what came before it, and leaves the outer one at work") {
  const TerminationSignals outer;
  std::raise(SIGTERM);
  {
    const TerminationSignals inner;
    CHECK(inner.received() == SIGTERM);
    std::raise(SIGUSR1);
  }
  std::raise(SIGUSR1);
  CHECK(outer.received() == SIGTERM);
}

TEST_CASE("a terminal that is closed asks to stop, but not under nohup") {
  {
    const TerminationSignals signals;
    std::raise(SIGHUP);
    CHECK(signals.received() == SIGHUP);
  }
  const auto former = std::signal(SIGHUP, SIG_IGN);
  {
    const TerminationSignals signals;
    std::raise(SIGHUP);
    CHECK(signals.received() == 0);
  }
  CHECK(std::signal(SIGHUP, former) == SIG_IGN);
}
