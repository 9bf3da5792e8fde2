#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/mpi_call.h>

#include <algorithm>
#include <array>
#include <thread>

namespace imgcls::dist {

void check_mpi(int code, std::string_view call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw DistError(
      fmt::format("{}: {}", call, std::string_view(text.data(), static_cast<std::size_t>(length))));
}

void wait_mpi(MPI_Request request, std::string_view what, const MpiPatience& patience) {
  using Seconds = std::chrono::duration<double>;
  constexpr Seconds kYieldOnly{1e-3};
  constexpr Seconds kLongestSleep{5e-4};

  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
    if (done != 0) return;

    const Seconds waited = std::chrono::steady_clock::now() - start;
    if (waited > patience.timeout) {
      throw DistError(fmt::format(
          "rank {}: {} did not finish within {:g} s: another rank is gone, stuck, or not at this "
          "point of the program",
          patience.rank, what, patience.timeout.count()));
    }
    if (patience.give_up != nullptr && patience.give_up->load()) {
      throw DistError(fmt::format("rank {}: {} was given up", patience.rank, what));
    }
    if (waited < kYieldOnly) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::min(waited / 20, kLongestSleep));
    }
  }
}

}  // namespace imgcls::dist
