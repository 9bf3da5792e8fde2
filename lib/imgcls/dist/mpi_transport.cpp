#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/mpi_transport.h>

#include <algorithm>
#include <array>
#include <thread>

namespace imgcls::dist {
namespace {

using std::chrono::steady_clock;

// The most elements one MPI call takes here: well below the limit of its int count.
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

// Calls `send(first, count)` for pieces that MPI's int counts can hold.
template <class Send>
void in_pieces(std::int64_t count, const Send& send) {
  for (std::int64_t first = 0; first < count; first += kMostElements) {
    send(first, static_cast<int>(std::min(kMostElements, count - first)));
  }
}

// MPI knows no 16-bit floats: they travel as 16-bit integers, with a sum of our own.
template <c10::ScalarType type>
void add_16_bit(void* from, void* into, int* count, MPI_Datatype*) {
  reduce_into(into, from, *count, type, Reduction::sum);
}

MPI_Op own_sum(MPI_User_function* function) {
  MPI_Op op = MPI_OP_NULL;
  check_mpi(MPI_Op_create(function, /*commute=*/1, &op), "MPI_Op_create");
  return op;
}

MPI_Datatype mpi_type(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Float:
      return MPI_FLOAT;
    case c10::ScalarType::Double:
      return MPI_DOUBLE;
    case c10::ScalarType::Long:
      return MPI_INT64_T;
    case c10::ScalarType::Int:
      return MPI_INT32_T;
    case c10::ScalarType::Short:
      return MPI_INT16_T;
    case c10::ScalarType::Char:
      return MPI_INT8_T;
    case c10::ScalarType::Byte:
      return MPI_UINT8_T;
    case c10::ScalarType::Half:
    case c10::ScalarType::BFloat16:
      return MPI_UINT16_T;
    default:
      throw DistError(fmt::format("allreduce over MPI has no {}", c10::toString(type)));
  }
}

MPI_Op mpi_op(c10::ScalarType type, Reduction reduction) {
  if (type == c10::ScalarType::Half) {
    static const MPI_Op op = own_sum(add_16_bit<c10::ScalarType::Half>);
    return op;
  }
  if (type == c10::ScalarType::BFloat16) {
    static const MPI_Op op = own_sum(add_16_bit<c10::ScalarType::BFloat16>);
    return op;
  }
  switch (reduction) {
    case Reduction::sum:
      return MPI_SUM;
    case Reduction::product:
      return MPI_PROD;
    case Reduction::min:
      return MPI_MIN;
    case Reduction::max:
      break;
  }
  return MPI_MAX;
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
    : Transport(rank_in(parent), size_of(parent), timeout), comm_(duplicate(parent)) {}

void MpiTransport::close() {
  MPI_Comm_free(&comm_);
}

template <class Start>
void MpiTransport::run(std::string_view what, const Start& start) {
  using Seconds = std::chrono::duration<double>;
  constexpr Seconds kYieldOnly{1e-3};
  constexpr Seconds kShortestSleep{2e-5}, kLongestSleep{5e-4};

  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(start(&request), what);
  const auto begin = steady_clock::now();
  for (;;) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
    // The checker knows MPI_Wait alone, not that MPI_Test says the request is done.
    if (done != 0) return;  // NOLINT(clang-analyzer-optin.mpi.MPI-Checker)
    check_patience(what, begin);
    const Seconds waited = steady_clock::now() - begin;
    if (waited < kYieldOnly) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::clamp(waited / 2500, kShortestSleep, kLongestSleep));
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

void MpiTransport::do_allreduce(const Numbers& numbers, Reduction reduction,
                                std::string_view what) {
  const auto element = static_cast<std::int64_t>(c10::elementSize(numbers.type));
  auto* data = static_cast<std::byte*>(numbers.data);
  in_pieces(numbers.count, [&](std::int64_t first, int count) {
    run(what, [&](MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, data + first * element, count, mpi_type(numbers.type),
                            mpi_op(numbers.type, reduction), comm_, request);
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

}  // namespace imgcls::dist
