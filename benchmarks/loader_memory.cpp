// Memory and speed of the loader over epochs: loader_memory DIR [epochs=10] [threads=2]
//
// Runs the training transform (RandomResizedCrop to 176, antialiased, and flip) over a folder of
// images and prints, after each epoch, the memory the process holds and its speed. Memory that does
// not grow from epoch to epoch is what to look for.
#include <imgcls/core/error.h>
#include <imgcls/data/loader.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

using namespace imgcls;

/// A line of /proc/self/status such as "VmRSS:  1234 kB", in MiB.
double status_mib(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

void run(const std::string& folder, int epochs, int threads) {
  const std::shared_ptr<const data::Source> source = data::open_folder(folder);
  data::LoaderOptions options;
  options.batch = std::min<std::size_t>(50, source->size());
  options.threads = threads;
  options.transform = data::AugmentOptions{.size = 176};
  data::Loader loader(source, options);

  fmt::print("{} images, {} threads, batches of {}\n", source->size(), threads, options.batch);
  fmt::print("| epoch | VmRSS MiB | VmHWM MiB | images/s |\n| --- | --- | --- | --- |\n");
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto begin = std::chrono::steady_clock::now();
    std::size_t images = 0;
    loader.start(static_cast<std::uint32_t>(epoch));
    while (const data::Batch* batch = loader.next()) images += batch->size;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    fmt::print("| {} | {:.1f} | {:.1f} | {:.0f} |\n", epoch, status_mib("VmRSS"),
               status_mib("VmHWM"), static_cast<double>(images) / seconds.count());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: loader_memory DIR [epochs=10] [threads=2]\n");
    return EXIT_FAILURE;
  }
  try {
    run(argv[1], argc > 2 ? std::stoi(argv[2]) : 10, argc > 3 ? std::stoi(argv[3]) : 2);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
