#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/transport/mpi_transport.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

namespace imgcls::dist {
namespace {

// The most elements one MPI call takes here: well below the limit of its int count.
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

// Of an allreduce: what is added is still in the cache.
constexpr std::int64_t kMpiSliceBytes = 256 << 10;

// Calls `send(first, count)` for pieces that MPI's int counts can hold.
template <class Send>
void in_pieces(std::int64_t count, const Send& send) {
  for (std::int64_t first = 0; first < count; first += kMostElements) {
    send(first, static_cast<int>(std::min(kMostElements, count - first)));
  }
}

int rank_in(MPI_Comm comm) {
  int rank = 0;
  check_mpi(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  return rank;
}

int size_of(MPI_Comm comm) {
  int size = 0;
  check_mpi(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  return size;
}

MPI_Comm duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(comm, &copy), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return copy;
}

}  // namespace

void check_mpi(int code, std::string_view call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw DistError(
      fmt::format("{}: {}", call, std::string_view(text.data(), static_cast<std::size_t>(length))));
}

MpiTransport::MpiTransport(MPI_Comm parent, std::chrono::duration<double> timeout)
    : Transport(rank_in(parent), size_of(parent), timeout, kMpiSliceBytes),
      comm_(duplicate(parent)) {}

void MpiTransport::close() {
  MPI_Comm_free(&comm_);
}

template <class Start>
void MpiTransport::run(std::string_view what, const Start& start) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(start(&request), what);
  wait({&request, 1}, what);
}

void MpiTransport::wait(std::span<MPI_Request> requests, std::string_view what) {
  using Seconds = std::chrono::duration<double>;
  constexpr Seconds kYieldOnly{1e-3};
  constexpr Seconds kShortestSleep{2e-5}, kLongestSleep{5e-4};

  for (;;) {
    int done = 0;
    check_mpi(
        MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
        what);
    // The checker knows MPI_Waitall alone, not that MPI_Testall says the requests are done.
    if (done != 0) return;  // NOLINT(clang-analyzer-optin.mpi.MPI-Checker)
    check_patience(what);
    if (waited() < kYieldOnly) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::clamp(waited() / 2500, kShortestSleep, kLongestSleep));
    }
  }
}

void MpiTransport::do_barrier(std::string_view what) {
  run(what, [&](MPI_Request* request) { return MPI_Ibarrier(comm_, request); });
}

void MpiTransport::do_broadcast(std::span<std::byte> bytes, int root, std::string_view what) {
  in_pieces(std::ssize(bytes), [&](std::int64_t first, int count) {
    run(what, [&](MPI_Request* request) {
      return MPI_Ibcast(bytes.data() + first, count, MPI_BYTE, root, comm_, request);
    });
  });
}

void MpiTransport::do_allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                                std::string_view what) {
  if (std::ssize(mine) > kMostElements) {
    throw DistError(fmt::format("{} of {} bytes a rank: at most 256 MiB", what, mine.size()));
  }
  const int bytes = static_cast<int>(mine.size());
  run(what, [&](MPI_Request* request) {
    return MPI_Iallgather(mine.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, comm_,
                          request);
  });
}

// Receives first: what arrives then has its place, and is not copied.
void MpiTransport::exchange(std::span<const Outgoing> out, std::span<const Incoming> in,
                            std::string_view what) {
  constexpr int kTag = 0;
  std::vector<MPI_Request> requests;
  for (const auto& [from, bytes] : in) {
    if (bytes.empty()) continue;
    check_mpi(MPI_Irecv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, from, kTag, comm_,
                        &requests.emplace_back(MPI_REQUEST_NULL)),
              what);
  }
  for (const auto& [to, bytes] : out) {
    if (bytes.empty()) continue;
    check_mpi(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, kTag, comm_,
                        &requests.emplace_back(MPI_REQUEST_NULL)),
              what);
  }
  wait(requests, what);
}

}  // namespace imgcls::dist
