#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/transport.h>
#include <imgcls/dist/watch.h>

namespace imgcls::dist {

Transport::Transport(int rank, int size, std::chrono::duration<double> timeout)
    : rank_(rank), size_(size), timeout_(timeout) {}

Transport::~Transport() = default;

void Transport::run(std::string_view what, const std::function<void()>& collective) {
  if (failed_) {
    throw DistError(fmt::format("rank {}: {} after a collective that failed", rank_, what));
  }
  ++begun_;
  try {
    check_patience(what, std::chrono::steady_clock::now());
    collective();
  } catch (const Unanswered& failure) {
    failed_ = true;
    if (Watch* watch = watch_) watch->explain(*this, what, failure);
    throw;
  } catch (...) {
    failed_ = true;
    throw;
  }
}

void Transport::barrier(std::string_view what) {
  run(what, [&] { do_barrier(what); });
}

void Transport::broadcast(std::span<std::byte> bytes, int root, std::string_view what) {
  run(what, [&] { do_broadcast(bytes, root, what); });
}

void Transport::allreduce(const Numbers& numbers, Reduction reduction, std::string_view what) {
  run(what, [&] { do_allreduce(numbers, reduction, what); });
}

void Transport::allgather(std::span<const std::byte> mine, std::span<std::byte> all,
                          std::string_view what) {
  run(what, [&] { do_allgather(mine, all, what); });
}

void Transport::check_patience(std::string_view what,
                               std::chrono::steady_clock::time_point start) const {
  using Reason = Unanswered::Reason;
  if (given_up_) {
    throw Unanswered(Reason::given_up, fmt::format("rank {}: {} was given up", rank_, what));
  }
  if (std::chrono::steady_clock::now() - start <= timeout_) return;
  throw Unanswered(
      Reason::too_long,
      fmt::format(
          "rank {}: {} did not finish within {:g} s: another rank is gone, stuck, or not at "
          "this point of the program",
          rank_, what, timeout_.count()));
}

void reduce_into(void* into, const void* from, std::int64_t count, c10::ScalarType type,
                 Reduction reduction) {
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions().dtype(type);
  at::Tensor sum = at::from_blob(into, {count}, options);
  const at::Tensor more = at::from_blob(const_cast<void*>(from), {count}, options);
  switch (reduction) {
    case Reduction::sum:
      sum.add_(more);
      return;
    case Reduction::product:
      sum.mul_(more);
      return;
    case Reduction::min:
      at::minimum_out(sum, sum, more);
      return;
    case Reduction::max:
      at::maximum_out(sum, sum, more);
      return;
  }
}

}  // namespace imgcls::dist
