// A folder of photos, classified by two threads that share one classifier.
//
//   build/bin/030-classify-from-threads resnet50 resnet50.pth photos/
#include <imgcls/imgcls.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODEL WEIGHTS FOLDER\n", argv[0]);
    return 2;
  }
  const imgcls::Classifier classifier({.model = argv[1], .weights = argv[2]});
  std::vector<std::filesystem::path> photos;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[3])) {
    if (entry.is_regular_file()) photos.push_back(entry.path());
  }

  std::atomic<std::size_t> next = 0;
  std::mutex printing;
  const auto work = [&] {
    for (std::size_t i = next++; i < photos.size(); i = next++) {
      try {
        const imgcls::Prediction best = classifier.classify(photos[i], 1).front();
        const std::lock_guard lock(printing);
        std::printf("%s: %s (%.1f %%)\n", photos[i].c_str(),
                    classifier.classes()[static_cast<std::size_t>(best.label)].name.c_str(),
                    100 * best.probability);
      } catch (const imgcls::Error& e) {  // one broken photo does not end the others
        const std::lock_guard lock(printing);
        std::printf("%s\n", e.what());
      }
    }
  };
  std::jthread other(work);
  work();
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
