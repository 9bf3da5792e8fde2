// How ranks without MPI find rank 0, and the secret they know each other by.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_secret.h>
#include <imgcls/dist/launch/reach.h>
#include <imgcls/dist/launch/rendezvous.h>
#include <catch2/catch.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <cstdlib>
#include <future>
#include <string>

namespace imgcls::dist {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using std::chrono::milliseconds;

// A port that nobody listens on, as long as nobody takes it.
std::uint16_t free_port() {
  return listen_for_ranks(/*loopback_only=*/true).port;
}

TEST_CASE("a host that does not exist is named at once, with its variable") {
  const StoreAddress address{.host = "no-such-host.invalid",
                             .port = 29500,
                             .timeout = milliseconds(600000),
                             .rank = 1,
                             .variable = "MASTER_ADDR"};
  CHECK_THROWS_AS(open_store(address), DistError);
  CHECK_THROWS_WITH(open_store(address), StartsWith("MASTER_ADDR is \"no-such-host.invalid\"") &&
                                             Contains("no such host"));
}

TEST_CASE("a host that refuses is named at the time limit, with the reason") {
  const StoreAddress address{.host = "127.0.0.1",
                             .port = free_port(),
                             .timeout = milliseconds(300),
                             .rank = 2,
                             .variable = "MASTER_ADDR"};
  CHECK_THROWS_WITH(open_store(address), Contains("rank 2 cannot reach rank 0 at 127.0.0.1:") &&
                                             Contains("(MASTER_ADDR)") &&
                                             Contains("Connection refused, for 0.3 s"));
}

TEST_CASE("a rank that comes before rank 0 waits for it") {
  const std::uint16_t port = free_port();
  const auto open = [port](bool serves, int rank) {
    return open_store({.host = "127.0.0.1",
                       .port = port,
                       .serves = serves,
                       .timeout = milliseconds(60000),
                       .rank = rank});
  };
  auto second = std::async(std::launch::async, [&] { return open(false, 1); });
  std::this_thread::sleep_for(milliseconds(300));
  const auto first = open(true, 0);
  first->set("key", std::string("value"));
  CHECK(second.get()->get_to_str("key") == "value");
}

TEST_CASE("a rank 0 whose address is another machine's is told so") {
  // 192.0.2.0/24 is nobody's (RFC 5737).
  const StoreAddress address{.host = "192.0.2.1",
                             .port = free_port(),
                             .serves = true,
                             .timeout = milliseconds(500),
                             .rank = 0,
                             .variable = "MASTER_ADDR"};
  CHECK_THROWS_WITH(open_store(address),
                    StartsWith("MASTER_ADDR is \"192.0.2.1\", which is not an address "
                               "of rank 0's machine"));
}

TEST_CASE("this machine's addresses are known from others'") {
  CHECK(is_this_machine(resolve("127.0.0.1", 1, "")));
  CHECK(is_this_machine(resolve("127.3.2.1", 1, "")));
  CHECK_FALSE(is_this_machine(resolve("192.0.2.1", 1, "")));
}

// Sets a variable for a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST_CASE("a secret may be given by a variable or a file, the same by both") {
  CHECK(given_secret().empty());
  const test::TempFolder folder;
  std::string by_variable, by_file;
  {
    const Variable secret("IMGCLS_SECRET", "two words");
    by_variable = given_secret();
  }
  {
    const Variable file("IMGCLS_SECRET_FILE", folder.write("secret", "two words\n"));
    by_file = given_secret();
    const Variable secret("IMGCLS_SECRET", "two words");
    CHECK_THROWS_WITH(given_secret(), Contains("IMGCLS_SECRET") && Contains("both set"));
  }
  CHECK(by_variable.size() == 64);
  CHECK(by_variable == by_file);
  CHECK_THAT(by_variable, !Contains("words"));
  const Variable other("IMGCLS_SECRET", "two  words");
  CHECK(given_secret() != by_variable);
}

TEST_CASE("a secret that is empty, or cannot be read, is refused") {
  {
    const Variable secret("IMGCLS_SECRET", "");
    CHECK_THROWS_WITH(given_secret(), Contains("secret of IMGCLS_SECRET is empty"));
  }
  const test::TempFolder folder;
  {
    const Variable file("IMGCLS_SECRET_FILE", folder.write("empty", "\n"));
    CHECK_THROWS_WITH(given_secret(), Contains("IMGCLS_SECRET_FILE=") && Contains("is empty"));
  }
  const Variable file("IMGCLS_SECRET_FILE", (folder / "absent").string());
  CHECK_THROWS_AS(given_secret(), IoError);
  CHECK_THROWS_WITH(given_secret(), Contains("absent"));
}

}  // namespace
}  // namespace imgcls::dist
