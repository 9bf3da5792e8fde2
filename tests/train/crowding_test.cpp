// When a run says that others use its cores.
#include <imgcls/train/crowding.h>

#include <catch2/catch.hpp>
#include <chrono>

using Catch::Matchers::Contains;
using imgcls::train::CoreTimes;
using imgcls::train::crowding;

namespace {

/// Half a minute after `start`.
CoreTimes later(double ran, double waited, double process) {
  return {.ran = 5 + ran, .waited = 1 + waited, .process = 9 + process, .clock = 130};
}

const CoreTimes kStart{.ran = 5, .waited = 1, .process = 9, .clock = 100};

}  // namespace

TEST_CASE("a run that gets its cores says nothing") {
  CHECK(crowding(kStart, later(29, 0.5, 58), 2).empty());
  CHECK(crowding(kStart, later(4, 0.2, 5), 2).empty());  // it waits for data, not for a core
  CHECK(crowding(kStart, later(1, 1.5, 3), 2).empty());  // hardly ever wanted one
}

TEST_CASE("a run whose own threads share its cores says nothing") {
  CHECK(crowding(kStart, later(15, 15, 60), 2).empty());
}

TEST_CASE("a run that waits for others' sake says how much") {
  CHECK_THAT(crowding(kStart, later(15, 15, 30), 2),
             Contains("in the last 30 s it waited 50 % of the time for one and had 50 % of the "
                      "processor time of 2 cores"));
  CHECK_THAT(crowding(kStart, later(15, 15, 15), 1), Contains("of 1 core;"));
}

TEST_CASE("the scheduler's times of a thread go with the clock") {
  const auto before = imgcls::train::core_times();
  if (!before) return;  // a system without them
  volatile double sum = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) sum = sum + 1;
  const auto now = imgcls::train::core_times();
  const double ran = now->ran - before->ran, waited = now->waited - before->waited;
  CHECK(ran > 0);
  CHECK(ran + waited > 0.2);  // it wanted a core all the time
  CHECK(ran + waited < now->clock - before->clock + 0.1);
  CHECK(now->process >= before->process);
}
