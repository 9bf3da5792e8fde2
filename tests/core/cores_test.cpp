#include <imgcls/core/cores.h>

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

TEST_CASE("usable cores are those that this thread is bound to") {
  const int all = imgcls::usable_cores();
  CHECK(all >= 1);
  const std::string set = imgcls::usable_core_set();
  CHECK(std::count(set.begin(), set.end(), ' ') == all);
  // In a thread of its own, whose binding ends with it.
  int bound = 0;
  std::string bound_to;
  std::thread([&] {
    cpu_set_t cores, one;
    sched_getaffinity(0, sizeof cores, &cores);
    int first = 0;
    while (!CPU_ISSET(first, &cores)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    sched_setaffinity(0, sizeof one, &one);
    bound = imgcls::usable_cores();
    bound_to = imgcls::usable_core_set();
  }).join();
  CHECK(bound == 1);
  CHECK((bound_to != set || all == 1));
  CHECK(set.starts_with(bound_to));
}
