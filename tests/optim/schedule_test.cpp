#include <imgcls/optim/schedule.h>

#include <catch2/catch.hpp>

using imgcls::optim::learning_rate;

TEST_CASE("warm-up starts at its factor, ends at lr, and cosine ends at final_lr") {
  const imgcls::optim::ScheduleOptions o{.name = "cosine",
                                         .lr = 1,
                                         .final_lr = 0.1,
                                         .warmup_steps = 10,
                                         .warmup_from = 0.01,
                                         .total_steps = 110};
  CHECK(learning_rate(o, 0) == Approx(0.01));
  CHECK(learning_rate(o, 5) == Approx(0.505));
  CHECK(learning_rate(o, 10) == 1);
  CHECK(learning_rate(o, 60) == Approx(0.55));
  CHECK(learning_rate(o, 110) == Approx(0.1));
  CHECK(learning_rate(o, 1000) == Approx(0.1));
}

TEST_CASE("a constant schedule stays at lr after the warm-up") {
  const imgcls::optim::ScheduleOptions o{
      .name = "constant", .lr = 2, .warmup_steps = 2, .warmup_from = 0.5, .total_steps = 10};
  CHECK(learning_rate(o, 0) == 1);
  CHECK(learning_rate(o, 2) == 2);
  CHECK(learning_rate(o, 9) == 2);
}
