// Catch2's main, compiled once for all test programs, which tells ctest of skipped cases as well.
#define CATCH_CONFIG_RUNNER
#include "support/skip.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

namespace {

constexpr int kSkipped = 77;  // tests/CMakeLists.txt's SKIP_RETURN_CODE

struct Cases {
  int ended = 0;
  int skipped = 0;
  bool this_one = false;  // is skipped
};

Cases& cases() {
  static Cases counted;
  return counted;
}

class SkipListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    TestEventListenerBase::testCaseStarting(info);
    cases().this_one = false;
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    ++cases().ended;
    cases().skipped += cases().this_one ? 1 : 0;
    TestEventListenerBase::testCaseEnded(stats);
  }
};
CATCH_REGISTER_LISTENER(SkipListener)

}  // namespace

void imgcls::test::note_skipped(const std::string& reason) {
  std::cout << "skipped: " << reason << std::endl;
  cases().this_one = true;
}

// Catch2's own exit code is the number of failures, which may be 77, too.
int main(int argc, char** argv) {
  if (Catch::Session().run(argc, argv) != 0) return EXIT_FAILURE;
  const bool all_skipped = cases().ended > 0 && cases().skipped == cases().ended;
  return all_skipped ? kSkipped : EXIT_SUCCESS;
}
