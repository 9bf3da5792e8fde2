#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_mpi.h>
#include <imgcls/dist/transport/mpi_transport.h>
#include <mpi.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <cstdlib>

namespace imgcls::dist {
namespace {

class MpiJob final : public Job {
 public:
  explicit MpiJob(std::chrono::duration<double> timeout) : timeout_(timeout) {
    int provided = MPI_THREAD_SINGLE;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
    if (provided < MPI_THREAD_MULTIPLE) {
      throw DistError(
          "this MPI was built without MPI_THREAD_MULTIPLE, which sending gradients from a thread "
          "of "
          "their own needs: use one built with it (Debian's Open MPI is)");
    }
  }

  std::string_view backend() const override { return "mpi"; }
  std::unique_ptr<Transport> open(const std::string&) override {
    return std::make_unique<MpiTransport>(MPI_COMM_WORLD, timeout_);
  }
  c10::intrusive_ptr<c10d::Store> store() override { return {}; }
  void finish() override { MPI_Finalize(); }
  [[noreturn]] void abort(int code) override {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
  }

 private:
  std::chrono::duration<double> timeout_;
};

}  // namespace

bool has_mpi() {
  return true;
}

bool mpi_knows_pmi2() {
#ifdef OPEN_MPI
  return false;
#else
  return true;
#endif
}

std::unique_ptr<Job> join_mpi_job(std::chrono::duration<double> timeout) {
  return std::make_unique<MpiJob>(timeout);
}

}  // namespace imgcls::dist
