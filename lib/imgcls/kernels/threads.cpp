#include <imgcls/kernels/threads.h>

#include <ATen/Parallel.h>

namespace imgcls::kernels {

int thread_count() {
  return at::get_num_threads();
}

void in_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain, const Work& work) {
  at::parallel_for(begin, end, grain, [&](std::int64_t first, std::int64_t last) {
    work(first, last, at::get_thread_num());
  });
}

}  // namespace imgcls::kernels
