#include <imgcls/core/cores.h>

#include <sched.h>

#include <catch2/catch.hpp>
#include <thread>

TEST_CASE("usable cores are those that this thread is bound to") {
  const int all = imgcls::usable_cores();
  CHECK(all >= 1);
  CHECK(all <= imgcls::machine_cores());
  // In a thread of its own, whose binding ends with it.
  int bound = 0;
  std::thread([&bound] {
    cpu_set_t cores, one;
    sched_getaffinity(0, sizeof cores, &cores);
    int first = 0;
    while (!CPU_ISSET(first, &cores)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    sched_setaffinity(0, sizeof one, &one);
    bound = imgcls::usable_cores();
  }).join();
  CHECK(bound == 1);
}
