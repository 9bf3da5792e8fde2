#include <imgcls/train/termination_signals.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

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
