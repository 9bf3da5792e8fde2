// at::parallel_for is a template that a program without OpenMP's flag compiles to a loop on one
// thread. So the team of threads that LibTorch itself uses is asked for here, by the name that
// GCC's OpenMP library and LLVM's have for it: threads are as many as at::set_num_threads says, and
// no second set of them comes into being beside LibTorch's.
#include <imgcls/kernels/threads.h>

#include <ATen/Parallel.h>

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>

namespace imgcls::kernels {
namespace {

/// OpenMP as compiled code calls it; null where LibTorch has threads of another kind.
struct OpenMp {
  using Parallel = void (*)(void (*run)(void*), void* data, unsigned threads, unsigned flags);
  using Number = int (*)();

  Parallel parallel = reinterpret_cast<Parallel>(::dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  Number thread = reinterpret_cast<Number>(::dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
  Number threads = reinterpret_cast<Number>(::dlsym(RTLD_DEFAULT, "omp_get_num_threads"));

  bool is_there() const { return parallel != nullptr && thread != nullptr && threads != nullptr; }
};

const OpenMp& open_mp() {
  static const OpenMp found;
  return found;
}

/// What the threads of a team share.
struct Job {
  std::int64_t begin, end, grain;
  const Work& work;
  std::atomic_flag failed = {};
  std::exception_ptr error = {};
};

void take_part(void* data) {
  Job& job = *static_cast<Job*>(data);
  const std::int64_t count = job.end - job.begin;
  const std::int64_t team = std::min<std::int64_t>(open_mp().threads(), parts_of(count, job.grain));
  const int thread = open_mp().thread();
  const std::int64_t each = parts_of(count, team), first = job.begin + thread * each;
  if (first >= job.end) return;
  try {
    job.work(first, std::min(job.end, first + each), thread);
  } catch (...) {  // which must not leave the team
    if (!job.failed.test_and_set()) job.error = std::current_exception();
  }
}

}  // namespace

int thread_count() {
  return open_mp().is_there() ? at::get_num_threads() : 1;
}

void in_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, const Work& work) {
  if (begin >= end) return;
  if (end - begin <= grain || thread_count() == 1 || at::in_parallel_region()) {
    work(begin, end, 0);
    return;
  }
  Job job{.begin = begin, .end = end, .grain = std::max<std::int64_t>(grain, 1), .work = work};
  // Of no number: they are those that at::set_num_threads set for this thread.
  open_mp().parallel(take_part, &job, 0, 0);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace imgcls::kernels
