// Who may connect to a rank.
#include <imgcls/core/error.h>
#include <imgcls/dist/socket.h>
#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace imgcls::dist {
namespace {

using Catch::Matchers::Contains;
using std::chrono::milliseconds;

Deadline in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

const Greeting kGreeting{.secret = "secret", .channel = "watch", .rank = 3};

/// A connection to a port of this machine.
Socket connection_to(const std::string& port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
  return socket;
}

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

TEST_CASE("ranks come in past strangers who connect and say nothing, or not all") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':') + 1);
  std::vector<Socket> strangers;
  for (int i = 0; i < 50; ++i) {
    strangers.push_back(connection_to(port));
    if (i % 2 == 0) REQUIRE(::send(strangers.back().get(), "imgcls-1 sec", 12, 0) == 12);
  }
  // One after the other they would take 50 times three seconds.
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(listener.address, kGreeting, in(milliseconds(60000)));
  });
  CHECK(accept_rank(listener.socket, kGreeting, in(milliseconds(60000))).first == 3);
  CHECK(connecting.get().socket.is_open());
}

TEST_CASE("more strangers than may stand at the door do not keep a rank out") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':') + 1);
  std::vector<Socket> strangers;
  for (int i = 0; i < 300; ++i) strangers.push_back(connection_to(port));
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(listener.address, kGreeting, in(milliseconds(60000)));
  });
  CHECK(accept_rank(listener.socket, kGreeting, in(milliseconds(60000))).first == 3);
  CHECK(connecting.get().socket.is_open());
}

TEST_CASE("a greeting may come in pieces") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const Socket rank = connection_to(listener.address.substr(listener.address.rfind(':') + 1));
  auto accepting = std::async(std::launch::async, [&] {
    return accept_rank(listener.socket, kGreeting, in(milliseconds(10000))).first;
  });
  for (const char* piece : {"imgcls-1 secr", "et watch ", "7", "\nwhat follows"}) {
    REQUIRE(::send(rank.get(), piece, std::strlen(piece), 0) > 0);
    std::this_thread::sleep_for(milliseconds(20));
  }
  CHECK(accepting.get() == 7);
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
