#include <imgcls/core/error.h>
#include <imgcls/dist/launch/rendezvous.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "ranks.h"

namespace imgcls::dist_test {

void expect(bool holds, const World& world, std::source_location where) {
  if (holds) return;
  throw std::logic_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                         ": does not hold on rank " + std::to_string(world.rank()));
}

void collectives(World& world) {
  const std::int64_t ranks = world.size();
  expect(world.backend() == (std::getenv("RANK") ? "tcp" : "mpi"), world);
  expect(world.device() == "cpu", world);
  expect(world.local_size() == world.size() && world.local_rank() == world.rank(), world);
  expect((world.process_group() == nullptr) == (ranks == 1), world);

  const std::int64_t big = std::int64_t{1} << 60;  // beyond a double's precision
  std::array<std::int64_t, 2> counts{world.rank() + 1, world.is_first() ? big + 1 : 0};
  world.sum(counts);
  expect(counts == std::array{ranks * (ranks + 1) / 2, big + 1}, world);
  std::array<double, 1> loss{0.5};
  world.sum(loss);
  expect(loss[0] == 0.5 * static_cast<double>(ranks), world);
  world.sum(std::span<double>());
  expect(world.max(-10 + world.rank()) == -11 + ranks, world);

  const std::string text(world.is_first() ? 100000 : 3, world.is_first() ? 'a' : 'b');
  expect(world.broadcast(text) == std::string(100000, 'a'), world);
  expect(world.broadcast("").empty(), world);
  const auto texts = world.gather(std::string(static_cast<std::size_t>(world.rank()), 'x'));
  expect(texts.size() == static_cast<std::size_t>(ranks), world);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    expect(texts[rank] == std::string(rank, 'x'), world);
  }
  world.barrier();
}

// The others get an error within the time limit; rank 0 prints it for ctest to see.
void a_rank_stays_away(World& world) {
  if (world.rank() == world.size() - 1) {
    std::this_thread::sleep_for(std::chrono::seconds(100));
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  std::array<std::int64_t, 1> count{1};
  std::string message;
  try {
    world.sum(count);
  } catch (const dist::RankFailure& failure) {
    message = failure.what();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  expect(message.find("waited 2 s for rank " + std::to_string(world.size() - 1) +
                      " to come to the sum") != std::string::npos,
         world);
  expect(took.count() > 1.9 && took.count() < 7, world);
  bool refused = false;
  try {
    world.barrier();
  } catch (const DistError&) {
    refused = true;
  }
  expect(refused, world);
  if (!world.is_first()) return;
  std::printf("as expected: %s\n", message.c_str());
  std::fflush(stdout);
  world.abort(3);
}

void a_rank_throws(World& world) {
  world.barrier();
  if (world.rank() == world.size() - 1) throw DistError("this rank throws");
  // Longer than the outer limit of the test unless the other rank's end ends the job.
  std::this_thread::sleep_for(std::chrono::seconds(100));
}

void a_rank_is_stopped(World& world) {
  world.barrier();
  if (world.rank() == world.size() - 1) ::raise(SIGSTOP);
  world.barrier();
}

void a_rank_leaves(World& world) {
  world.barrier();
  if (world.rank() == world.size() - 1) std::_Exit(7);
  world.barrier();
}

void a_rank_is_killed(World& world) {
  world.barrier();
  if (world.rank() == world.size() - 1) ::kill(::getpid(), SIGKILL);
  world.barrier();
}

void store(World& world) {
  const auto store = dist::make_store(world, "127.0.0.1", std::chrono::seconds(30));
  const std::string mine = "rank" + std::to_string(world.rank());
  store->set(mine, std::vector<std::uint8_t>{static_cast<std::uint8_t>(world.rank() + 1)});
  for (int rank = 0; rank < world.size(); ++rank) {
    const auto value = store->get("rank" + std::to_string(rank));
    expect(value == std::vector<std::uint8_t>{static_cast<std::uint8_t>(rank + 1)}, world);
  }
  world.barrier();  // rank 0 serves the store: it must not go first
}

}  // namespace imgcls::dist_test
