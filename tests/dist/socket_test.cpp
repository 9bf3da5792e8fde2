// Who may connect to a rank.
#include <imgcls/core/error.h>
#include <imgcls/dist/transport/mesh.h>
#include <imgcls/dist/transport/socket.h>
#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <future>
#include <set>
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
    return connect_to_rank(0, listener.address, kGreeting, in(milliseconds(10000)));
  });
  const auto accepted = accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(10000)));
  CHECK(accepted.size() == 1);
  CHECK(accepted.at(3).is_open());
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
    return connect_to_rank(0, listener.address, stranger, in(milliseconds(300)));
  });
  CHECK_THROWS_WITH(accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(1000))),
                    Contains("waited in vain for rank 3 to connect (watch)"));
  CHECK_THROWS_WITH(connecting.get(), Contains("rank 3 cannot connect to rank 0 at 127.0.0.1:"));
}

TEST_CASE("ranks come in past strangers who connect and say nothing, or not all") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':') + 1);
  std::vector<Socket> strangers;
  for (int i = 0; i < 50; ++i) {
    strangers.push_back(connection_to(port));
    if (i % 2 == 0) REQUIRE(::send(strangers.back().get(), "imgcls-2 sec", 12, 0) == 12);
  }
  // One after the other they would take 50 times three seconds.
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(0, listener.address, kGreeting, in(milliseconds(60000)));
  });
  CHECK(accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(60000))).contains(3));
  CHECK(connecting.get().socket.is_open());
}

TEST_CASE("more strangers than may stand at the door do not keep a rank out") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':') + 1);
  std::vector<Socket> strangers;
  for (int i = 0; i < 300; ++i) strangers.push_back(connection_to(port));
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(0, listener.address, kGreeting, in(milliseconds(60000)));
  });
  CHECK(accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(60000))).contains(3));
  CHECK(connecting.get().socket.is_open());
}

TEST_CASE("a greeting may come in pieces") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const Socket rank = connection_to(listener.address.substr(listener.address.rfind(':') + 1));
  auto accepting = std::async(std::launch::async, [&] {
    return accept_ranks(listener.socket, {7}, kGreeting, in(milliseconds(10000))).contains(7);
  });
  for (const char* piece : {"imgcls-2 secr", "et watch ", "7", "\nhe", "re\nwhat follows"}) {
    REQUIRE(::send(rank.get(), piece, std::strlen(piece), 0) > 0);
    std::this_thread::sleep_for(milliseconds(20));
  }
  CHECK(accepting.get());
}

TEST_CASE("an address that does not answer is passed over") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  const std::string port = listener.address.substr(listener.address.rfind(':'));
  auto connecting = std::async(std::launch::async, [&] {  // nobody listens at the first address
    return connect_to_rank(0, "127.0.0.2,127.0.0.1" + port, kGreeting, in(milliseconds(10000)));
  });
  CHECK(accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(10000))).contains(3));
  CHECK(connecting.get().host == "127.0.0.1");
}

TEST_CASE("ranks that do not come are named, and so is a number given to two processes") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  std::set<int> awaited{1, 2, 3, 4};
  const int connects_again = GENERATE(0, 3, 5);
  auto connecting = std::async(std::launch::async, [&] {
    Greeting again = kGreeting;
    again.rank = connects_again;
    std::vector<Connection> connections;
    connections.push_back(connect_to_rank(0, listener.address, kGreeting, in(milliseconds(10000))));
    if (connects_again > 0) {
      connections.push_back(connect_to_rank(0, listener.address, again, in(milliseconds(10000))));
    }
  });
  const char* message = connects_again == 3   ? "rank 3 connects twice: is each rank's number"
                        : connects_again == 5 ? "rank 5 is not awaited: is each rank's number"
                                              : "rank 0 waited in vain for ranks 1, 2, 4 to";
  Greeting mine = kGreeting;
  mine.rank = 0;
  CHECK_THROWS_WITH(accept_ranks(listener.socket, awaited, mine,
                                 in(milliseconds(connects_again > 0 ? 10000 : 500))),
                    Contains(message));
  connecting.get();
}

TEST_CASE("a rank that went before it was let in is not taken for one that is there") {
  const Listener listener = listen_for_ranks(/*loopback_only=*/true);
  // Nobody accepts for so long that it gives up; its greeting lies in the queue.
  CHECK_THROWS_AS(connect_to_rank(0, listener.address, kGreeting, in(milliseconds(100))),
                  DistError);
  auto connecting = std::async(std::launch::async, [&] {
    return connect_to_rank(0, listener.address, kGreeting, in(milliseconds(10000)));
  });
  const auto accepted = accept_ranks(listener.socket, {3}, kGreeting, in(milliseconds(10000)));
  const Connection connection = connecting.get();
  CHECK(::send(connection.socket.get(), "x", 1, 0) == 1);
  pollfd readable{accepted.at(3).get(), POLLIN, 0};
  CHECK(::poll(&readable, 1, 10000) == 1);
  char received = 0;
  CHECK(::recv(accepted.at(3).get(), &received, 1, 0) == 1);
}

TEST_CASE("each of five ranks is connected with each other") {
  constexpr int kRanks = 5;
  std::vector<Listener> listeners;
  std::vector<std::string> addresses;
  for (int rank = 0; rank < kRanks; ++rank) {
    addresses.push_back(listeners.emplace_back(listen_for_ranks(/*loopback_only=*/true)).address);
  }
  std::vector<std::future<std::vector<Socket>>> connecting;
  for (int rank = 0; rank < kRanks; ++rank) {
    connecting.push_back(std::async(std::launch::async, [&, rank] {
      const Greeting mine{.secret = "secret", .channel = "control", .rank = rank};
      return connect_to_all(listeners[static_cast<std::size_t>(rank)].socket, addresses, mine,
                            in(milliseconds(10000)));
    }));
  }
  std::vector<std::vector<Socket>> sockets;
  for (auto& each : connecting) sockets.push_back(each.get());
  for (std::size_t from = 0; from < kRanks; ++from) {
    CHECK_FALSE(sockets[from][from].is_open());
    for (std::size_t to = 0; to < kRanks; ++to) {
      if (to == from) continue;
      const char number = static_cast<char>(10 * from + to);
      REQUIRE(::send(sockets[from][to].get(), &number, 1, 0) == 1);
      pollfd readable{sockets[to][from].get(), POLLIN, 0};
      REQUIRE(::poll(&readable, 1, 10000) == 1);
      char received = 0;
      REQUIRE(::recv(sockets[to][from].get(), &received, 1, 0) == 1);
      CHECK(received == number);
    }
  }
}

TEST_CASE("secrets differ") {
  CHECK(random_secret().size() == 32);
  CHECK(random_secret() != random_secret());
}

}  // namespace
}  // namespace imgcls::dist
