// Built with IMGCLS_MPI=OFF, and run with OMPI_COMM_WORLD_SIZE=2, as mpirun -np 2 would.
#include <imgcls/core/error.h>
#include <imgcls/dist/world.h>
#include <catch2/catch.hpp>

#include <cstdlib>

namespace imgcls {
namespace {

TEST_CASE("without MPI a program refuses to be one rank of several") {
  CHECK_THROWS_AS(dist::launch(), DistError);
  CHECK_THROWS_WITH(dist::launch(), Catch::Matchers::Contains("one of 2 ranks") &&
                                        Catch::Matchers::Contains("IMGCLS_MPI=ON"));
}

TEST_CASE("without MPI a job of one rank is a world of one") {
  setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
  CHECK(dist::launch({.device = dist::DeviceKind::cpu})->backend() == "single");
}

}  // namespace
}  // namespace imgcls
