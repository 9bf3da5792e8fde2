// The loader: what it yields does not depend on threads, ranks or prefetch, and faults are handled.
#include "../support/gated_source.h"
#include "support.h"

#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <memory_resource>
#include <new>
#include <set>
#include <thread>

using namespace imgcls;
using namespace imgcls::data;
using Catch::Contains;

namespace {

/// Made-up images of different sizes, some of which cannot be read.
class TestSource final : public Source {
 public:
  explicit TestSource(std::size_t size, std::set<std::size_t> broken = {})
      : size_(size), broken_(std::move(broken)) {}

  std::size_t size() const override { return size_; }
  std::int64_t label(std::size_t index) const override {
    return static_cast<std::int64_t>(index % 7);
  }
  Sample read(std::size_t index) const override {
    if (broken_.contains(index)) throw IoError("cannot read " + name(index));
    // Some samples are slow, so that threads finish out of order.
    if (index % 11 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Image image = support::make_image(20 + static_cast<int>(index % 9), 30);
    image.pixels[0] = static_cast<std::uint8_t>(index);
    return image;
  }
  std::string name(std::size_t index) const override { return fmt::format("sample-{}", index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "test"; }

 private:
  std::size_t size_;
  std::set<std::size_t> broken_;
  std::vector<std::string> classes_ = {"0", "1", "2", "3", "4", "5", "6"};
};

LoaderOptions training(std::size_t batch) {
  LoaderOptions options;
  options.batch = batch;
  options.threads = 2;
  options.seed = 99;
  options.transform = AugmentOptions{.size = 16};
  return options;
}

LoaderOptions evaluation(std::size_t batch) {
  LoaderOptions options = training(batch);
  options.transform = EvalOptions{.size = 16, .resize = 18};
  return options;
}

std::shared_ptr<const Source> source(std::size_t size, std::set<std::size_t> broken = {}) {
  return std::make_shared<TestSource>(size, std::move(broken));
}

/// A batch as text: for each image its sample, label and pixels' digest.
std::vector<std::string> lines(const Batch& batch) {
  std::vector<std::string> all;
  const std::size_t bytes = static_cast<std::size_t>(batch.side) * batch.side * 3;
  REQUIRE(batch.images.size() == batch.size * bytes);
  REQUIRE(batch.labels.size() == batch.size);
  for (std::size_t i = 0; i < batch.size; ++i) {
    const auto pixels = std::span(batch.images).subspan(i * bytes, bytes);
    all.push_back(
        fmt::format("{} {} {}", batch.samples[i], batch.labels[i], support::digest(pixels)));
  }
  return all;
}

using Epoch = std::vector<std::vector<std::string>>;

Epoch rest(Loader& loader) {
  Epoch batches;
  while (const Batch* batch = loader.next()) batches.push_back(lines(*batch));
  return batches;
}

Epoch run(const std::shared_ptr<const Source>& from, const LoaderOptions& options,
          std::uint32_t epoch = 0, std::size_t consumed = 0) {
  Loader loader(from, options);
  loader.start(epoch, consumed);
  return rest(loader);
}

}  // namespace

TEST_CASE("Batches do not depend on threads or prefetch") {
  for (LoaderOptions options : {training(12), evaluation(12)}) {
    options.threads = 1;
    options.prefetch = 0;
    const Epoch expected = run(source(100), options, 3);
    CHECK(expected.size() == (std::holds_alternative<AugmentOptions>(options.transform) ? 8 : 9));
    for (const int threads : {1, 2, 3, 8}) {
      for (const int prefetch : {0, 1, 3, 20}) {
        options.threads = threads;
        options.prefetch = prefetch;
        CHECK(run(source(100), options, 3) == expected);
      }
    }
  }
}

TEST_CASE("An epoch of training has each sample at most once, in another order each time") {
  Loader loader(source(100), training(12));
  CHECK(loader.batches_per_epoch() == 8);
  std::vector<Epoch> epochs;
  for (const std::uint32_t epoch : {0U, 1U}) {
    loader.start(epoch);
    epochs.push_back(rest(loader));
    std::set<std::string> samples;
    for (const auto& batch : epochs.back()) samples.insert(batch.begin(), batch.end());
    CHECK(samples.size() == 96);
  }
  CHECK(epochs[0] != epochs[1]);
  loader.start(0);
  CHECK(rest(loader) == epochs[0]);
}

TEST_CASE("The ranks' shares of a training batch add up to the same batch") {
  const Epoch expected = run(source(100), training(12), 1);
  for (const int world : {2, 3}) {
    Epoch joined(expected.size());
    for (int rank = 0; rank < world; ++rank) {
      LoaderOptions options = training(12);
      options.world = world;
      options.rank = rank;
      const Epoch share = run(source(100), options, 1);
      REQUIRE(share.size() == expected.size());
      for (std::size_t i = 0; i < share.size(); ++i) {
        joined[i].insert(joined[i].end(), share[i].begin(), share[i].end());
      }
    }
    CHECK(joined == expected);
  }
}

TEST_CASE("Evaluation sees each sample once, in the same batches on any number of ranks") {
  const Epoch expected = run(source(100), evaluation(8));
  REQUIRE(expected.size() == 13);
  CHECK(expected.back().size() == 4);
  CHECK_THAT(expected[1][2], Catch::StartsWith("10 3 "));
  for (const int world : {1, 2, 3}) {
    Epoch dealt(expected.size());
    for (int rank = 0; rank < world; ++rank) {
      LoaderOptions options = evaluation(8);
      options.world = world;
      options.rank = rank;
      std::size_t at = static_cast<std::size_t>(rank);
      for (const auto& batch : run(source(100), options)) {
        dealt.at(at) = batch;
        at += static_cast<std::size_t>(world);
      }
    }
    CHECK(dealt == expected);
  }
}

TEST_CASE("A run taken up in the middle goes on like the straight one") {
  const Epoch straight = run(source(100), training(12), 2);
  const Epoch resumed = run(source(100), training(12), 2, 36);
  CHECK(resumed == Epoch(straight.begin() + 3, straight.end()));
  CHECK(run(source(100), training(12), 2, 96).empty());

  const Epoch all = run(source(100), evaluation(8));
  LoaderOptions second = evaluation(8);
  second.world = 2;
  second.rank = 1;
  CHECK(run(source(100), second, 0, 32) == Epoch{all[5], all[7], all[9], all[11]});
  CHECK(run(source(100), evaluation(8), 0, 100).empty());

  Loader loader(source(100), training(12));
  CHECK_THROWS_WITH(loader.start(0, 13), Contains("13"));
  CHECK_THROWS_WITH(loader.start(0, 108), Contains("108"));
}

TEST_CASE("The transform may change by epoch, and is that of a loader that has it alone") {
  LoaderOptions changing = training(10);
  changing.transform_at = [](std::uint32_t epoch) {
    return AugmentOptions{.size = epoch == 0 ? 8 : 24,
                          .policy = epoch == 0 ? "none" : "trivial_augment_wide"};
  };
  const auto source = std::make_shared<TestSource>(40);
  Loader loader(source, changing);
  for (const std::uint32_t epoch : {0U, 1U, 0U, 2U}) {
    LoaderOptions fixed = training(10);
    fixed.transform = changing.transform_at(epoch);
    Loader alone(source, fixed);
    for (Loader* each : {&loader, &alone}) each->start(epoch, 10);
    for (int batch = 0; batch < 2; ++batch) {  // the epoch is left before its end
      const Batch &got = *loader.next(), &expected = *alone.next();
      CHECK(got.side == (epoch == 0 ? 8 : 24));
      CHECK(got.images == expected.images);
      CHECK(got.labels == expected.labels);
    }
  }
}

TEST_CASE("A loader can be started again in the middle of an epoch, and destroyed at any time") {
  Loader loader(source(100), training(12));
  const Epoch expected = run(source(100), training(12), 5);
  for (int i = 0; i < 20; ++i) {
    loader.start(static_cast<std::uint32_t>(i));
    for (int k = 0; k < i % 4; ++k) loader.next();
  }
  loader.start(5);
  CHECK(rest(loader) == expected);
  CHECK(loader.next() == nullptr);
  for (int i = 0; i < 20; ++i) {
    Loader brief(source(100), training(12));
    if (i % 2 == 0) brief.start(0);
    if (i % 4 == 0) brief.next();
  }
}

TEST_CASE("Stop: next names the sample that cannot be used, after the batches before it") {
  const Epoch good = run(source(100), training(12));
  const std::size_t broken = std::stoul(good[2][5]);
  for (const int threads : {1, 3}) {
    LoaderOptions options = training(12);
    options.threads = threads;
    Loader loader(source(100, {broken}), options);
    loader.start(0);
    CHECK(lines(*loader.next()) == good[0]);
    CHECK(lines(*loader.next()) == good[1]);
    CHECK_THROWS_WITH(loader.next(), Contains(fmt::format("sample-{}", broken)));
    CHECK_THROWS_AS(loader.next(), Error);

    loader.start(0, 36);
    CHECK(lines(*loader.next()) == good[3]);
    loader.start(0, 24);
    CHECK_THROWS_AS(loader.next(), DataError);
    CHECK(loader.skipped() == 0);
  }
}

TEST_CASE("Skip in training: other samples take the place, the same on any number of threads") {
  const std::set<std::size_t> broken = {3, 20, 21, 22, 57, 99};
  LoaderOptions options = training(10);
  options.on_error = OnError::skip;
  Epoch expected;
  for (const int threads : {1, 4}) {
    options.threads = threads;
    Loader loader(source(100, broken), options);
    loader.start(0);
    const Epoch epoch = rest(loader);
    for (const auto& batch : epoch) {
      CHECK(batch.size() == 10);
      for (const std::string& line : batch) CHECK_FALSE(broken.contains(std::stoul(line)));
    }
    if (expected.empty()) expected = epoch;
    CHECK(epoch == expected);
    CHECK(loader.skipped() >= broken.size());
    CHECK(loader.skipped_messages().size() == std::min<std::size_t>(10, loader.skipped()));
    CHECK_THAT(loader.skipped_messages()[0], Contains("sample-"));
  }
}

TEST_CASE("Skip in evaluation: the place is left out and counted") {
  LoaderOptions options = evaluation(8);
  options.on_error = OnError::skip;
  Loader loader(source(20, {9}), options);
  loader.start(0);
  CHECK(loader.next()->labels[1] == 1);
  const Batch* batch = loader.next();
  CHECK(batch->labels[1] == kSkippedLabel);
  CHECK(batch->samples[1] == 9);
  CHECK(batch->labels[2] == 3);
  CHECK(loader.skipped() == 1);
  CHECK(loader.skipped_messages() == std::vector<std::string>{"cannot read sample-9"});
}

TEST_CASE("Skip gives up where nothing can be read") {
  std::set<std::size_t> all;
  for (std::size_t i = 0; i < 100; ++i) all.insert(i);
  LoaderOptions options = training(10);
  options.on_error = OnError::skip;
  Loader loader(source(100, all), options);
  loader.start(0);
  CHECK_THROWS_WITH(loader.next(), Contains("sample-") && Contains("16 other samples"));
}

TEST_CASE("Files are decoded in the loader's threads, and bad ones named") {
  const support::TempFolder root;
  const auto files = support::reference("files");
  support::write(root / "a/1.jpg", std::vector<std::uint8_t>(64, 'x'));
  support::write(root / "a/2.jpg", std::vector<std::uint8_t>{0xFF, 0xD8, 0xFF, 0xE0});
  LoaderOptions options = evaluation(2);
  options.on_error = OnError::skip;
  Loader loader(open_folder(root.path()), options);
  loader.start(0);
  CHECK(loader.next()->labels == std::pmr::vector<std::int64_t>{kSkippedLabel, kSkippedLabel});
  CHECK_THAT(loader.skipped_messages().at(0), Contains((root / "a/1.jpg").string()));
  CHECK_THAT(loader.skipped_messages().at(1), Contains((root / "a/2.jpg").string()));
}

TEST_CASE("The loader accounts for the time of its threads") {
  Loader loader(source(44), training(22));  // reading each 11th takes 2 ms
  loader.start(0);
  rest(loader);
  const LoaderTimes times = loader.times();
  CHECK(times.images == 44);
  CHECK(times.read >= 4 * 0.002);
  CHECK(times.resize > 0);
  CHECK(times.busy >= times.read + times.decode + times.resize);
  loader.start(1);
  rest(loader);
  CHECK(loader.times().images == 88);
}

TEST_CASE("Options that do not fit together are refused") {
  const auto message = [](const LoaderOptions& options) -> std::string {
    try {
      Loader loader(source(100), options);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "accepted";
  };
  LoaderOptions options = training(10);
  options.world = 3;
  CHECK_THAT(message(options), Contains("10") && Contains("multiple of 3"));
  CHECK_THAT(message(training(101)), Contains("101") && Contains("100"));
  CHECK_THAT(message(training(0)), Contains("batch is 0"));
  options = training(10);
  options.rank = 1;
  CHECK_THAT(message(options), Contains("rank 1 of 1"));
  options = training(10);
  options.threads = -1;
  CHECK_THAT(message(options), Contains("-1 threads"));
  options = training(10);
  options.transform = EvalOptions{.size = 0};
  CHECK_THAT(message(options), Contains("side 0"));
  options = training(10);
  options.threads = 0;
  CHECK(message(options) == "accepted");
  Loader loader(source(100), options);
  CHECK_THROWS_WITH(loader.next(), Contains("start()"));
}

TEST_CASE("wait says whether next has an answer: a batch, the epoch's end, an error") {
  using namespace std::chrono_literals;
  const auto gated = std::make_shared<test::GatedSource>(source(6, {5}), 4);
  Loader loader(gated, evaluation(2));
  CHECK(loader.wait(0ms));  // not started: next says so
  loader.start(0);
  for (int batch = 0; batch < 2; ++batch) {
    while (!loader.wait(1h)) FAIL("nothing came");
    REQUIRE(loader.next() != nullptr);
  }
  gated->await_reader();
  CHECK_FALSE(loader.wait(0ms));
  CHECK_FALSE(loader.wait(1ms));
  gated->open();
  CHECK(loader.wait(1h));
  CHECK_THROWS_WITH(loader.next(), Contains("sample-5"));
  loader.start(0, 6);
  CHECK(loader.wait(1h));
  CHECK(loader.next() == nullptr);
}

TEST_CASE("a batch that does not come is given up after a time, naming what is missing") {
  const auto gated = std::make_shared<test::GatedSource>(source(6), 3);
  LoaderOptions options = evaluation(2);
  options.threads = 1;
  options.timeout_s = 0.05;
  Loader loader(gated, options);
  loader.start(0);
  REQUIRE(loader.next() != nullptr);
  CHECK(loader.wait(std::chrono::hours(1)));  // overdue: next throws at once
  CHECK_THROWS_WITH(loader.next(), Contains("sample-3") && Contains("0.05 s") &&
                                       Contains("1 of the batch's 2 images"));
  CHECK(gated->has_reader());
  gated->open();
  loader.start(0);
  CHECK(loader.next()->samples == std::vector<std::uint64_t>{0, 1});
}

TEST_CASE("an epoch that waits for a read of the one before is given up, naming what is read") {
  const auto gated = std::make_shared<test::GatedSource>(source(6), 2);
  LoaderOptions options = evaluation(2);
  options.threads = 1;
  options.timeout_s = 0.05;
  Loader loader(gated, options);
  loader.start(0);
  gated->await_reader();
  loader.start(1);
  CHECK_FALSE(loader.wait(std::chrono::milliseconds(1)));
  CHECK(loader.wait(std::chrono::hours(1)));
  CHECK_THROWS_WITH(loader.next(), Contains("sample-2") && Contains("0.05 s") &&
                                       Contains("the next epoch waits for that"));
  CHECK_THROWS_WITH(loader.next(), Contains("start()"));
  gated->open();
  loader.start(0);
  CHECK(loader.next()->samples == std::vector<std::uint64_t>{0, 1});
}

TEST_CASE("an epoch that was asked for begins when the reads before it have ended") {
  const auto gated = std::make_shared<test::GatedSource>(source(6), 2);
  LoaderOptions options = evaluation(2);
  options.threads = 2;
  Loader loader(gated, options);
  loader.start(0);
  gated->await_reader();
  loader.start(0, 2);
  loader.start(0, 4);  // the last one counts
  CHECK_FALSE(loader.wait(std::chrono::milliseconds(0)));
  gated->open();
  CHECK(loader.wait(std::chrono::hours(1)));
  CHECK(loader.next()->samples == std::vector<std::uint64_t>{4, 5});
  CHECK(loader.next() == nullptr);
}

TEST_CASE("a loader ends though a read does not") {
  const auto gated = std::make_shared<test::GatedSource>(source(6), 3);
  {
    Loader loader(gated, evaluation(2));
    loader.start(0);
    gated->await_reader();
  }
  CHECK(gated->has_reader());
  CHECK(gated.use_count() > 1);  // what the read needs is still there
  gated->open();
}

TEST_CASE("a loader keeps as many batches as it is told") {
  const auto source = std::make_shared<TestSource>(24);
  LoaderOptions options{
      .batch = 4, .threads = 2, .prefetch = 1, .transform = AugmentOptions{.size = 8}};
  const auto batches = [](LoaderOptions chosen, const std::shared_ptr<const Source>& images) {
    Loader loader(images, std::move(chosen));
    loader.start(0);
    std::vector<std::pmr::vector<std::uint8_t>> all;
    while (const Batch* batch = loader.next()) all.push_back(batch->images);
    return all;
  };
  const auto expected = batches(options, source);
  REQUIRE(expected.size() == 6);

  options.kept = 3;
  Loader loader(source, options);
  loader.start(0);
  std::vector<const Batch*> kept;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    kept.push_back(loader.next());
    CHECK(kept.back()->kept == 3);
    loader.wait(std::chrono::milliseconds(20));  // opens what is free, and lets threads work on it
    // `wait` asks for the next batch, so of three the last two are still these.
    for (std::size_t back = 0; back < std::min<std::size_t>(i + 1, 2); ++back) {
      CHECK(kept[i - back]->images == expected[i - back]);
    }
  }
  CHECK(loader.next() == nullptr);
}

TEST_CASE("a batch for which there is no memory is told by next, whichever thread opens it") {
  class Limited final : public std::pmr::memory_resource {
   public:
    std::atomic<int> left = 2;  // images and labels of one batch

   private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
      if (left-- <= 0) throw std::bad_alloc();
      return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* address, std::size_t bytes, std::size_t alignment) override {
      std::pmr::new_delete_resource()->deallocate(address, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
      return this == &other;
    }
  };
  LoaderOptions options = evaluation(2);
  const Epoch expected = run(source(6), options);
  const auto says = Contains("not enough memory for a batch of 2 images of 16 x 16 pixels");
  {
    const auto limited = std::make_shared<Limited>();
    options.memory = limited;
    Loader loader(source(6), options);
    loader.start(0);
    CHECK(loader.wait(std::chrono::milliseconds(50)));  // threads may take what is opened, no more
    CHECK_THROWS_WITH(loader.next(), says);
    limited->left = 100;
    loader.start(0);
    CHECK(rest(loader) == expected);
  }
  const auto limited = std::make_shared<Limited>();
  options.memory = limited;
  options.threads = 1;
  const auto gated = std::make_shared<test::GatedSource>(source(6), 0);
  Loader loader(gated, options);
  loader.start(0, 4);
  gated->await_reader();
  loader.start(0);  // opened by the thread that ends the read
  gated->open();
  CHECK_THROWS_WITH(loader.next(), says);
  limited->left = 100;
  loader.start(0);
  CHECK(rest(loader) == expected);
}

TEST_CASE("a loader's batches lie in the memory that it is given") {
  class Counting final : public std::pmr::memory_resource {
   public:
    std::size_t given = 0, taken_back = 0;

   private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
      given += bytes;
      return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* address, std::size_t bytes, std::size_t alignment) override {
      taken_back += bytes;
      std::pmr::new_delete_resource()->deallocate(address, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
      return this == &other;
    }
  };
  const auto memory = std::make_shared<Counting>();
  int started = 0;
  {
    Loader loader(std::make_shared<TestSource>(16), {.batch = 4,
                                                     .threads = 1,
                                                     .prefetch = 2,
                                                     .memory = memory,
                                                     .kept = 2,
                                                     .before_start = [&] { ++started; },
                                                     .transform = AugmentOptions{.size = 8}});
    for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
      loader.start(epoch);
      while (loader.next() != nullptr) continue;
    }
    // Two batches ahead and two kept, images and labels; once, however many there are.
    CHECK(memory->given == 4 * (4 * 8 * 8 * 3 + 4 * sizeof(std::int64_t)));
    CHECK(started == 2);
  }
  CHECK(memory->taken_back == memory->given);
}
