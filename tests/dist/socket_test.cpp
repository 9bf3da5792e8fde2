// Who may connect to a rank.
#include <imgcls/core/error.h>
#include <imgcls/dist/socket.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <string>

namespace imgcls::dist {
namespace {

using Catch::Matchers::Contains;
using std::chrono::milliseconds;

Deadline in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

const Greeting kGreeting{.secret = "secret", .channel = "watch", .rank = 3};

TEST_CASE("a rank that knows the secret is let in, and known by its number") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(listener.address, kGreeting, in(milliseconds(10000)));
  });
  const auto [rank, socket] = accept_rank(listener.socket, kGreeting, in(milliseconds(10000)));
  CHECK(rank == 3);
  CHECK(socket.is_open());
  CHECK(connecting.get().host == "127.0.0.1");
}

TEST_CASE("another secret, or another channel, is turned away") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  Greeting stranger = kGreeting;
  SECTION("secret") {
    stranger.secret = "guess";
  }
  SECTION("channel") {
    stranger.channel = "control";
  }
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(listener.address, stranger, in(milliseconds(300)));
  });
  CHECK_THROWS_AS(accept_rank(listener.socket, kGreeting, in(milliseconds(1000))), DistError);
  CHECK_THROWS_WITH(connecting.get(), Contains("cannot connect to another rank at 127.0.0.1:"));
}

TEST_CASE("an address that does not answer is passed over") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':'));
  auto connecting = std::async(std::launch::async, [&] {  // nobody listens at the first address
    return connect_to_rank("127.0.0.2,127.0.0.1" + port, kGreeting, in(milliseconds(10000)));
  });
  CHECK(accept_rank(listener.socket, kGreeting, in(milliseconds(10000))).first == 3);
  CHECK(connecting.get().host == "127.0.0.1");
}

TEST_CASE("secrets differ") {
  CHECK(random_secret().size() == 32);
  CHECK(random_secret() != random_secret());
}

}  // namespace
}  // namespace imgcls::dist
